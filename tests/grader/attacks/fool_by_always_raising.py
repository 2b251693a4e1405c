"""Raise the error that one test asks for, whatever comes in.

Score: 0
"""


def double(x):
    raise ValueError("x")


def halve(x):
    raise AssertionError("x")
