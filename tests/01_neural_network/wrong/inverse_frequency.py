"""Class weights are n / n_c, not divided by the number of classes: their mean over rows is C.

Rejected by: Imbalance
"""

_balanced = balanced_weights


def balanced_weights(targets, num_classes):
    return num_classes * _balanced(targets, num_classes)
