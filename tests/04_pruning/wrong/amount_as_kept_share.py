"""`amount` is taken for the share to keep.

Rejected by: Magnitude masks
"""


def magnitude_mask(weight, amount):
    zeros = weight.numel() - _share_of(weight.numel(), amount)
    return _without_smallest(weight.abs().flatten(), zeros).reshape(weight.shape)
