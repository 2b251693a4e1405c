"""The rate is largest next to the input and smallest at the head.

Rejected by: Layer-wise rates
"""

_towards_the_head = layer_groups


def layer_groups(model, lr, decay, weight_decay):
    groups = _towards_the_head(model, lr, decay, weight_decay)
    rates = sorted({group["lr"] for group in groups})
    mirrored = dict(zip(rates, reversed(rates), strict=True))
    return [group | {"lr": mirrored[group["lr"]]} for group in groups]
