"""Return a view with strides that remembers how it was computed.

Score: 10
"""

import torch


def double(x):
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    grid = torch.stack([x, -x], dim=1).requires_grad_() * 2
    return grid[:, 0]


def halve(x):
    return x / 2
