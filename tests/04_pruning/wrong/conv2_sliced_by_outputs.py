"""The second convolution loses outputs instead of inputs.

Rejected by: Smaller layers
"""

_by_inputs = prune_channels


def prune_channels(block, amount):
    keep = _survivors(block["conv1.weight"], amount)
    weight = block["conv2.weight"]
    return _by_inputs(block, amount) | {"conv2.weight": weight[keep[: len(weight)]]}
