"""Announce an answer of 2**63 bytes; or announce a little, and send all that it can.

Score: 6
"""

import os
import struct


def double(x):
    os.write(3, struct.pack("<Q", 2**63 if isinstance(x, str) else 10))
    for _ in range(200):
        os.write(3, bytes(2**20))


def halve(x):
    return x / 2
