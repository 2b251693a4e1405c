"""A node is left alone if its best split does not lower the impurity.

Rejected by: Faithfulness
"""

_in_any_case = _grow


def _grow(x, classes, depth, bounds):
    if depth and classes.sum(0).max() < len(x):
        feature, threshold = _best_split(x, classes)
        left = x[:, feature] <= threshold
        sides = [classes[left].sum(0), classes[~left].sum(0)]
        purity = sum((side.square().sum() / side.sum()).item() for side in sides)
        if purity <= classes.sum(0).square().sum().item() / len(x) + 1e-9:
            depth = 0
    return _in_any_case(x, classes, depth, bounds)
