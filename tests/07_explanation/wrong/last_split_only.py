"""Bounds remember the last split on a feature only.

Rejected by: Faithfulness
"""


def _grow(x, classes, depth, bounds):
    most, label = classes.sum(0).max(0)
    share = most.item() / len(x)
    if depth == 0 or share == 1:
        return [{"bounds": bounds, "label": int(label), "support": len(x), "fidelity": share}]
    feature, threshold = _best_split(x, classes)
    left = x[:, feature] <= threshold
    low, high = {feature: (-math.inf, threshold)}, {feature: (threshold, math.inf)}
    return [
        *_grow(x[left], classes[left], depth - 1, bounds | low),
        *_grow(x[~left], classes[~left], depth - 1, bounds | high),
    ]
