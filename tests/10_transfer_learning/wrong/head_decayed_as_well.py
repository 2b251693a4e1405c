"""Layers are counted from 1, so that the head learns with `lr * decay`.

Rejected by: Layer-wise rates
"""

_from_zero = layer_groups


def layer_groups(model, lr, decay, weight_decay):
    groups = _from_zero(model, lr, decay, weight_decay)
    return [group | {"lr": group["lr"] * decay} for group in groups]
