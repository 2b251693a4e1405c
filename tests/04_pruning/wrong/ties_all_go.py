"""Whatever is as small as the threshold goes, which empties a weight of equal magnitudes.

Rejected by: Magnitude masks
"""


def magnitude_mask(weight, amount):
    zeros = _share_of(weight.numel(), amount)
    if not zeros:
        return torch.ones_like(weight, dtype=torch.bool)
    return weight.abs() > weight.abs().flatten().kthvalue(zeros).values
