"""Return NaN, hoping that a comparison is written the wrong way round.

Score: 0
"""

import torch


def double(x):
    return torch.full((2,), float("nan"))


def halve(x):
    return float("nan")
