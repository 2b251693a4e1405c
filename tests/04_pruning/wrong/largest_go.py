"""The largest magnitudes are removed instead of the smallest.

Rejected by: Magnitude masks
"""


def magnitude_mask(weight, amount):
    magnitudes = weight.abs().flatten()
    return _without_smallest(-magnitudes, _share_of(len(magnitudes), amount)).reshape(weight.shape)
