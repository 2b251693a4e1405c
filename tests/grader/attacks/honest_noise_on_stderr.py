"""Write to the standard error, byte soup included, before every answer.

Score: 10
"""

import os
import sys


def noise():
    print("Traceback (most recent call last): FAILED", file=sys.stderr)
    os.write(2, b"\xff\xfe\x00\x1b[31m")


def double(x):
    noise()
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    noise()
    return x / 2
