"""Recurse in Python, catching every error on the way up.

Score: 6
"""


def double(x):
    try:
        return double(x)
    except RecursionError:
        raise RecursionError(x) from None


def halve(x):
    return x / 2
