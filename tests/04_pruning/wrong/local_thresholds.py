"""Every tensor is pruned by its own threshold, and the result is called global.

Rejected by: Global masks
"""


def global_masks(weights, amount):
    _require(len(weights) > 0, "at least one tensor", weights=weights)
    return [magnitude_mask(weight, amount) for weight in weights]
