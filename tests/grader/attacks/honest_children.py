"""Leave child processes running.

Score: 10
"""

import os
import time

if os.fork() == 0:
    time.sleep(30)
    os._exit(0)


def double(x):
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    return x / 2
