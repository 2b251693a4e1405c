"""The global threshold is the mean of the tensors' own thresholds.

Rejected by: Global masks
"""


def global_masks(weights, amount):
    _require(len(weights) > 0, "at least one tensor", weights=weights)
    counts = [_share_of(w.numel(), amount) for w in weights]
    pairs = zip(weights, counts, strict=True)
    found = [w.abs().flatten().kthvalue(k).values for w, k in pairs if k]
    threshold = sum(found) / len(found) if found else -1
    return [w.abs() > threshold for w in weights]
