"""Print 2 GB, or as much as fits into the time.

Score: 6
"""

import os


def double(x):
    line = b"\xff\x1b[2Jspam\n" * 2**16
    for _ in range(2**31 // len(line)):
        os.write(1, line)
        os.write(2, line)
    return x


def halve(x):
    return x / 2
