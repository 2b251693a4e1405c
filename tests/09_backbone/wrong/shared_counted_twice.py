"""A parameter is counted once for each layer that uses it.

Rejected by: Counting
"""


def count_parameters(model):
    layers = [layer._parameters.values() for layer in model.modules()]
    return sum(p.numel() for parameters in layers for p in parameters if p is not None)
