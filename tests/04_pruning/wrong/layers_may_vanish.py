"""A large share leaves a layer without any unit.

Rejected by: Smaller layers
"""


def _survivors(weight, amount):
    norms = weight.flatten(1).norm(dim=1)
    return _without_smallest(norms, _share_of(len(norms), amount))
