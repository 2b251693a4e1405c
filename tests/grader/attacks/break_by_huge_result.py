"""Return hundreds of megabytes.

Score: 6
"""

import torch


def double(x):
    return torch.zeros(1).expand(2**27), "x" * 2**24, b"y" * 2**27


def halve(x):
    return x / 2
