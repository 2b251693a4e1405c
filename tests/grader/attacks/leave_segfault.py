"""Read from address 0.

Score: 6
"""

import ctypes


def double(x):
    return ctypes.string_at(0)


def halve(x):
    return x / 2
