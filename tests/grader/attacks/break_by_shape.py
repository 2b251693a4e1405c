"""Return tensors and arrays whose shapes overflow, or whose bytes are none of their type's.

Score: 6
"""

import numpy as np
import torch


def double(x):
    if isinstance(x, str):
        return torch.empty(2**62, 0, 2**62)
    return np.frombuffer(b"\x02\xff", dtype=bool), np.empty((2**40, 0)), np.array(["\ud800"])


def halve(x):
    return x / 2
