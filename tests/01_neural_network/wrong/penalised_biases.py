"""Biases are penalised like weights.

Rejected by: Regularisation
"""

_of_weights = penalty


def penalty(parameters, l1, l2):
    _of_weights(parameters, l1, l2)
    flat = _flatten(parameters)
    value = l1 * flat.abs().sum() + l2 / 2 * flat.square().sum()
    return value, [tuple(l1 * t.sign() + l2 * t for t in layer) for layer in parameters]
