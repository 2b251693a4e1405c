"""Loop in C, where Python handles no signal and releases no lock.

Score: 6
"""

import re


def double(x):
    return re.match(r"(a+)+$", "a" * 64 + "b")


def halve(x):
    return x / 2
