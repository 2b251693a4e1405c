"""Bounds remember the last split on a feature only.

Rejected by: Faithfulness
"""


def _grow(x, classes, depth, bounds):
    counts = classes.sum(0)
    most, label = counts.max(0)
    split = _best_split(x, classes) if depth and most < len(x) else None
    if split is None:
        support = {"support": len(x), "fidelity": most.item() / len(x)}
        return [{"bounds": bounds, "label": int(label), **support}]
    feature, threshold = split
    left = x[:, feature] <= threshold
    low, high = {feature: (-math.inf, threshold)}, {feature: (threshold, math.inf)}
    return [
        *_grow(x[left], classes[left], depth - 1, bounds | low),
        *_grow(x[~left], classes[~left], depth - 1, bounds | high),
    ]
