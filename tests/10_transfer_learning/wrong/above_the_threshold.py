"""A probability equal to the threshold is not enough.

Rejected by: Self-training
"""

_at_least = pseudo_label


def pseudo_label(probabilities, threshold, per_class=None):
    rows, labels = _at_least(probabilities, threshold, per_class)
    sure = probabilities[rows].max(1).values > threshold
    return rows[sure], labels[sure]
