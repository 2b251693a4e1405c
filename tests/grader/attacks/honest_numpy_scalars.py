"""Return NumPy's scalars for numbers and a parameter for a tensor.

Score: 10
"""

import numpy as np
import torch


def double(x):
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return torch.nn.Parameter(2 * x)


def halve(x):
    return np.float64(x) / 2
