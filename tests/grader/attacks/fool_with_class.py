"""Return an object that claims to be a tensor, or a float, when asked for its class.

Score: 0
"""

import torch


class Tensor:
    __class__ = torch.Tensor
    shape = torch.Size([2])
    dtype = torch.float32
    device = torch.device("cpu")
    detach = clone = cpu = contiguous = lambda self: self

    def __eq__(self, other):
        return True

    __hash__ = None


class Float:
    __class__ = float

    def __float__(self):
        return 1.5


def double(x):
    return Tensor()


def halve(x):
    return Float()
