"""Return a dict whose keys all have one hash.

Score: 6
"""


def double(x):
    return (
        {i * (2**61 - 1): i for i in range(1_999)}
        if isinstance(x, str)
        else dict(zip([(-1,) * i for i in range(500)], range(500)))
    )


def halve(x):
    return x / 2
