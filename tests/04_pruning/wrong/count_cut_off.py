"""The number of zeros is cut off instead of rounded.

Rejected by: Magnitude masks
"""


def magnitude_mask(weight, amount):
    _share_of(weight.numel(), amount)
    zeros = int(amount * weight.numel())
    return _without_smallest(weight.abs().flatten(), zeros).reshape(weight.shape)
