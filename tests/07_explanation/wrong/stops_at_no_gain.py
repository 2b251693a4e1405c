"""A node is left alone if its best split does not lower the impurity.

Rejected by: Faithfulness
"""

_any = _best_split


def _best_split(x, classes):
    split = _any(x, classes)
    if split is None:
        return None
    left = x[:, split[0]] <= split[1]
    sides = [classes[left].sum(0), classes[~left].sum(0)]
    purity = sum((side.square().sum() / side.sum()).item() for side in sides)
    whole = classes.sum(0).square().sum().item() / len(x)
    return split if purity > whole + 1e-9 else None
