"""Take a second to import.

Score: 10
"""

import time

time.sleep(1)


def double(x):
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    return x / 2
