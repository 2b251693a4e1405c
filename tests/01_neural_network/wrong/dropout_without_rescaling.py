"""Kept activations are not divided by 1 - rate: evaluation sees larger ones than training did.

Rejected by: Regularisation
"""

_inverted = dropout


def dropout(x, rate, mask, training):
    scaled = _inverted(x, rate, mask, training)
    return scaled * (1 - rate) if training else scaled
