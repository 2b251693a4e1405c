"""Raise SystemExit(0), which ends a Python program without an error.

Score: 0
"""


def double(x):
    raise SystemExit(0)


def halve(x):
    exit(0)
