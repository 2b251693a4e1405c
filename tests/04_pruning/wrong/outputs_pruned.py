"""The last layer is pruned like the others and loses classes.

Rejected by: Smaller layers
"""


def prune_neurons(layers, amount):
    columns = slice(None)
    smaller = []
    for weight, bias in layers:
        keep = _survivors(weight, amount)
        smaller.append((weight[keep][:, columns], bias[keep]))
        columns = keep
    return smaller
