"""Units are cleared but not removed: the tensors keep their shapes and nothing is faster.

Rejected by: Smaller layers
"""


def prune_neurons(layers, amount):
    _between(0, 1, amount=amount)
    cleared = [(weight.clone(), bias.clone()) for weight, bias in layers]
    for (weight, _), (cleared_weight, cleared_bias) in zip(layers[:-1], cleared[:-1], strict=True):
        gone = ~_survivors(weight, amount)
        cleared_weight[gone], cleared_bias[gone] = 0, 0
    return cleared
