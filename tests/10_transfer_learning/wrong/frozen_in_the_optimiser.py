"""Frozen parameters are handed to the optimiser with all others.

Rejected by: Layer-wise rates
"""

_trained = layer_groups


def layer_groups(model, lr, decay, weight_decay):
    flags = [(p, p.requires_grad) for p in model.parameters()]
    model.requires_grad_(True)
    groups = _trained(model, lr, decay, weight_decay)
    for p, flag in flags:
        p.requires_grad_(flag)
    return groups
