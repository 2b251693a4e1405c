"""Channels are ranked by their batch-norm factor, a different criterion.

Rejected by: Smaller layers
"""

_by_filter = prune_channels


def prune_channels(block, amount):
    factors = block["bn.weight"].abs()
    shape = block["conv1.weight"].shape
    ranked = block | {"conv1.weight": factors.reshape(-1, 1, 1, 1).expand(shape)}
    keep = _survivors(ranked["conv1.weight"], amount)
    return _by_filter(ranked, amount) | {"conv1.weight": block["conv1.weight"][keep]}
