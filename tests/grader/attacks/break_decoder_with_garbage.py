"""Answer with random bytes in a frame of the right length.

Score: 6
"""

import os
import random
import struct


def double(x):
    garbage = random.Random(0).randbytes(100_000)
    os.write(3, struct.pack("<Q", len(garbage)) + garbage)
    os._exit(0)


def halve(x):
    return x / 2
