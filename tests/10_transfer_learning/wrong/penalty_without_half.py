"""The penalty is `l2` times the sum of squares, twice as strong.

Rejected by: Linear probe
"""

_with_half = linear_probe


def linear_probe(features, targets, l2, tolerance=1e-6):
    return _with_half(features, targets, 2 * l2, tolerance)
