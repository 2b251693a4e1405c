"""Return as much as just may cross, in the way that is the slowest to read and to describe.

Score: 6
"""


def double(x):
    if isinstance(x, str):
        return {"k" * 100 + str(i): i for i in range(30_000)}
    return [("\u202e" * 10, (1.5,), {"a": -1}) for i in range(12_000)]


def halve(x):
    return x / 2
