"""Close the standard streams, as daemons do.

Score: 10
"""

import os
import sys

sys.stdout.close()
sys.stderr = None
os.close(1)
os.close(2)


def double(x):
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    return x / 2
