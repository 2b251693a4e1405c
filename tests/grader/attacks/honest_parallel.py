"""Use as many threads as torch lets it.

Score: 10
"""

import torch

torch.set_num_threads(4)
torch.randn(300, 300) @ torch.randn(300, 300)


def double(x):
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    return x / 2
