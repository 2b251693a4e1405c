"""Send half an answer, then wait.

Score: 6
"""

import os
import struct
import time


def double(x):
    os.write(3, struct.pack("<Q", 100) + b"u")
    time.sleep(60)


def halve(x):
    return x / 2
