"""The surviving units come in the order of their norms.

Rejected by: Smaller layers
"""


def prune_neurons(layers, amount):
    _between(0, 1, amount=amount)
    columns = torch.arange(layers[0][0].shape[1], device=layers[0][0].device)
    smaller = []
    for weight, bias in layers[:-1]:
        kept = int(_survivors(weight, amount).sum())
        rows = weight.norm(dim=1).topk(kept).indices
        smaller.append((weight[rows][:, columns], bias[rows]))
        columns = rows
    return [*smaller, (layers[-1][0][:, columns], layers[-1][1].clone())]
