"""Return right values in shapes that would broadcast.

Score: 0
"""

import torch


def double(x):
    return torch.as_tensor(2 * x)[None] if not isinstance(x, str) else x


def halve(x):
    return [x / 2]
