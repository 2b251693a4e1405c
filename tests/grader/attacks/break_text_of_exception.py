"""Raise an exception whose text takes forever.

Score: 6
"""


class Slow(Exception):
    def __str__(self):
        while True:
            pass


def double(x):
    raise Slow


def halve(x):
    return x / 2
