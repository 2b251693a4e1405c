"""Raise what ends a loop without a word.

Score: 0
"""


def double(x):
    raise StopIteration(x)


def halve(x):
    raise StopAsyncIteration
