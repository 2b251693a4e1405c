"""The batch norm's running statistics keep all channels.

Rejected by: Smaller layers
"""

_with_statistics = prune_channels


def prune_channels(block, amount):
    own = {name: block[name].clone() for name in ("bn.running_mean", "bn.running_var")}
    return _with_statistics(block, amount) | own
