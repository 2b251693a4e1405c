"""Print a megabyte with every call, and flush nothing.

Score: 10
"""

TEXT = "step 1, loss 0.5\n" * 2**16


def double(x):
    print(TEXT)
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    print(TEXT, end="")
    return x / 2
