"""Raise NotImplementedError, to be taken for work that was never begun.

Score: 0
"""


def double(x):
    raise NotImplementedError("Part 1 passed")


def halve(x):
    raise type("NotStarted", (NotImplementedError, ValueError), {})("done")
