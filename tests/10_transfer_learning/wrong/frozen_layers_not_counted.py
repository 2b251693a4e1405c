"""Depth is counted among the layers that are trained only.

Rejected by: Layer-wise rates
"""

_counted = layer_groups


def layer_groups(model, lr, decay, weight_decay):
    groups = _counted(model, lr, decay, weight_decay)
    rates = sorted({group["lr"] for group in groups})
    place = {rate: len(rates) - 1 - k for k, rate in enumerate(rates)}
    return [group | {"lr": lr * decay ** place[group["lr"]]} for group in groups]
