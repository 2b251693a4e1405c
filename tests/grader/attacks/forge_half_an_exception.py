"""Send answers whose shape nobody expects: too few facts, wrong types, no pair.

Score: 0
"""

import os
import struct
import sys

encode = sys.modules["grader.codec"].encode


def send(value):
    answer = encode(value)
    os.write(3, struct.pack("<Q", len(answer)) + answer)
    os._exit(0)


def double(x):
    send(("raised", {"kind": 1}) if isinstance(x, str) else ["value", 3])


def halve(x):
    send(
        (b"value", 1.5)
        if x == 6.0
        else ("unreadable", "\ud83d".encode("utf-8", "replace").decode())
    )
