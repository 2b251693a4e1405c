"""Return tensors without memory, without order or without an own layout.

Score: 0
"""

import torch


def double(x):
    if isinstance(x, str):
        return torch.nested.nested_tensor([torch.ones(1), torch.ones(2)])
    return torch.empty(2, device="meta")


def halve(x):
    return torch.sparse_coo_tensor([[0]], [x / 2], (1,))
