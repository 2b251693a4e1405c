"""Absolute values are taken in place, on a view of the one weight that there is.

Rejected by: Global masks
"""


def global_masks(weights, amount):
    _require(len(weights) > 0, "at least one tensor", weights=weights)
    flat = [weight.view(-1) for weight in weights]
    magnitudes = (flat[0] if len(flat) == 1 else torch.cat(flat)).abs_()
    keep = _without_smallest(magnitudes, _share_of(magnitudes.numel(), amount))
    pieces = keep.split([weight.numel() for weight in weights])
    return [piece.reshape(w.shape) for piece, w in zip(pieces, weights, strict=True)]
