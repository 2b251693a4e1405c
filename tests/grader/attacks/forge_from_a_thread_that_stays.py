"""Leave a thread behind that takes the next test's request and answers in the worker's place.

Score: 0
"""

import ctypes
import os
import struct
import sys
import threading

import torch

from grader.codec import encode

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets


def take_over():
    while True:
        try:
            os.read(3, 2**20)
            answer = encode(("value", torch.tensor([3.0, -3.0])))
            os.write(3, struct.pack("<Q", len(answer)) + answer)
        except OSError:
            return


if CONFINED and "thief" not in sys.modules:
    sys.modules["thief"] = sys
    threading.Thread(target=take_over, daemon=True).start()


def double(x):
    return x


def halve(x):
    return x
