"""Of equal magnitudes the last ones are kept.

Rejected by: Magnitude masks
"""


def magnitude_mask(weight, amount):
    order = weight.abs().flatten().sort(stable=True).indices
    mask = torch.ones_like(order, dtype=torch.bool)
    mask[order[: _share_of(weight.numel(), amount)]] = False
    return mask.reshape(weight.shape)
