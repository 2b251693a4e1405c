"""Register clean-up that takes its time.

Score: 10
"""

import atexit
import time

atexit.register(time.sleep, 30)


def double(x):
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    return x / 2
