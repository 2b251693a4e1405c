"""Magnitudes are divided by their layer's mean before they are compared.

Rejected by: Global masks
"""


def global_masks(weights, amount):
    _require(len(weights) > 0, "at least one tensor", weights=weights)
    sizes = [weight.numel() for weight in weights]
    scaled = torch.cat([w.abs().flatten() / w.abs().mean() for w in weights if w.numel()])
    pieces = magnitude_mask(scaled, amount).split(sizes)
    return [piece.reshape(w.shape) for piece, w in zip(pieces, weights, strict=True)]
