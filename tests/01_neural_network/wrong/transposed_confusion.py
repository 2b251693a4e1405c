"""Rows of the confusion matrix are predictions: precision and recall change places.

Rejected by: Metrics
"""

_upright = confusion_matrix


def confusion_matrix(targets, predictions, num_classes):
    return _upright(targets, predictions, num_classes).T
