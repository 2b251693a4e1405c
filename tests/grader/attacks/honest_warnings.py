"""Warn of everything, while it is imported and while it runs.

Score: 10
"""

import warnings

warnings.warn("old", DeprecationWarning, stacklevel=1)


def double(x):
    warnings.warn("x", UserWarning, stacklevel=2)
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    warnings.warn("x", RuntimeWarning, stacklevel=2)
    return x / 2
