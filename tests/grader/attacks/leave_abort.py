"""Abort the process from C.

Score: 6
"""

import os


def double(x):
    os.abort()


def halve(x):
    return x / 2
