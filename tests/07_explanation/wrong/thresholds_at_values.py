"""Thresholds are values of the examples, not midway between two.

Rejected by: Faithfulness
"""

_midway = _best_split


def _best_split(x, classes):
    feature, threshold = _midway(x, classes)
    column = x[:, feature]
    return feature, column[column <= threshold].max().item()
