"""Raise an error class of its own, with text in several scripts, chained to another error.

Score: 10
"""


class NoTensor(ValueError):
    def __init__(self, x):
        super().__init__(f"x is {x!r}: это не тензор, 不是张量")


def double(x):
    try:
        return x.mul(2)
    except AttributeError as problem:
        raise NoTensor(x) from problem


def halve(x):
    return x / 2
