"""The loss is the sum over all rows: the penalty weakens with every label.

Rejected by: Linear probe
"""

_of_the_mean = linear_probe


def linear_probe(features, targets, l2, tolerance=1e-6):
    return _of_the_mean(features, targets, l2 / len(targets), tolerance)
