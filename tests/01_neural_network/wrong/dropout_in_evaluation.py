"""Dropout stays on when the network is evaluated.

Rejected by: Regularisation
"""

_as_told = dropout


def dropout(x, rate, mask, training):
    return _as_told(x, rate, mask, True)
