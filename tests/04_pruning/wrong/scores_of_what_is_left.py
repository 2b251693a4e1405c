"""A layer is scored after the columns of the removed units have left it.

Rejected by: Smaller layers
"""


def prune_neurons(layers, amount):
    _between(0, 1, amount=amount)
    columns = slice(None)
    smaller = []
    for weight, bias in layers[:-1]:
        weight = weight[:, columns]
        columns = _survivors(weight, amount)
        smaller.append((weight[columns], bias[columns]))
    return [*smaller, (layers[-1][0][:, columns].clone(), layers[-1][1].clone())]
