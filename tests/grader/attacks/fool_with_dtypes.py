"""Return right values in other types than asked for.

Score: 0
"""

import torch


def double(x):
    if isinstance(x, str):
        raise ValueError("x")
    return (2 * x).to(torch.float64)


def halve(x):
    return complex(x / 2)
