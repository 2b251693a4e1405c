"""The cross-entropy is summed over the rows, so that the penalty hardly counts.

Rejected by: Stacking
"""

_of_the_mean = fit_logistic


def fit_logistic(features, targets, num_classes, l2):
    return _of_the_mean(features, targets, num_classes, l2 / len(features))
