"""Units and channels are removed one at a time, weakest first, from both sides at once."""


def _weakest(weight):
    norms = weight.flatten(1).square().sum(1).tolist()
    return min(range(len(norms)), key=lambda unit: (norms[unit], -unit))


def _without(tensor, index, dim=0):
    rest = [i for i in range(tensor.shape[dim]) if i != index]
    return tensor.index_select(dim, torch.tensor(rest, device=tensor.device))


def _order_of_removal(weight, amount):
    if not 0 <= amount <= 1:
        raise ValueError(f"amount={amount}, expected a share")
    left = list(range(len(weight)))
    for _ in range(min(round(amount * len(weight)), len(weight) - 1)):
        place = _weakest(weight[left])
        del left[place]
        yield place


def prune_neurons(layers, amount):
    if not 0 <= amount <= 1:
        raise ValueError(f"amount={amount}, expected a share")
    smaller = [[weight.clone(), bias.clone()] for weight, bias in layers]
    for k, (weight, _) in enumerate(layers[:-1]):
        for place in _order_of_removal(weight, amount):
            smaller[k] = [_without(tensor, place) for tensor in smaller[k]]
            smaller[k + 1][0] = _without(smaller[k + 1][0], place, dim=1)
    return [tuple(layer) for layer in smaller]


def prune_channels(block, amount):
    smaller = {name: tensor.clone() for name, tensor in block.items()}
    for place in _order_of_removal(block["conv1.weight"], amount):
        for name in block:
            if name == "conv2.weight":
                smaller[name] = _without(smaller[name], place, dim=1)
            elif name not in ("conv2.bias", "bn.num_batches_tracked"):
                smaller[name] = _without(smaller[name], place)
    return smaller
