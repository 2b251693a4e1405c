"""Weights are ranked with their signs, so that large negative ones go first.

Rejected by: Magnitude masks
"""


def magnitude_mask(weight, amount):
    zeros = _share_of(weight.numel(), amount)
    return _without_smallest(weight.flatten(), zeros).reshape(weight.shape)
