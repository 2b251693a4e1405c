"""Return millions of items, and items of items.

Score: 6
"""


def double(x):
    if isinstance(x, str):
        return dict.fromkeys(range(10**6))
    inner = [0] * 1_000
    return [inner] * 1_000_000


def halve(x):
    return x / 2
