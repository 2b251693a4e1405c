"""Units and filters are ranked by the sum of magnitudes, not by the Euclidean norm.

Rejected by: Smaller layers
"""


def _survivors(weight, amount):
    sums = weight.flatten(1).abs().sum(1)
    return _without_smallest(sums, min(_share_of(len(sums), amount), len(sums) - 1))
