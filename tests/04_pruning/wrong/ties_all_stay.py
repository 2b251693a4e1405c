"""Whatever is as large as the threshold stays, so that equal magnitudes are never pruned.

Rejected by: Magnitude masks
"""


def magnitude_mask(weight, amount):
    zeros = _share_of(weight.numel(), amount)
    if zeros == weight.numel():
        return torch.zeros_like(weight, dtype=torch.bool)
    return weight.abs() >= weight.abs().flatten().sort().values[zeros]
