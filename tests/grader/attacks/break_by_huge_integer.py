"""Return integers that no float holds and that take long to print.

Score: 6
"""


def double(x):
    return -(2**13_999) if isinstance(x, str) else 10**200_000


def halve(x):
    return x / 2
