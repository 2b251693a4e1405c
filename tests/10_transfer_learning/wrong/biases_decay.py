"""Biases and norms decay like weights.

Rejected by: Layer-wise rates
"""

_spared = layer_groups


def layer_groups(model, lr, decay, weight_decay):
    groups = _spared(model, lr, decay, weight_decay)
    return [group | {"weight_decay": float(weight_decay)} for group in groups]
