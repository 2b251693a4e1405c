"""The threshold is an interpolated quantile, which lies beside the count that was asked for.

Rejected by: Magnitude masks
"""


def magnitude_mask(weight, amount):
    _share_of(weight.numel(), amount)
    if not weight.numel():
        return torch.ones_like(weight, dtype=torch.bool)
    magnitudes = weight.abs()
    return magnitudes >= magnitudes.quantile(amount)
