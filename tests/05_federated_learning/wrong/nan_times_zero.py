"""A client without examples is multiplied by 0, which leaves NaN and infinity.

Rejected by: Federated average
"""


def federated_average(states, counts):
    _check_alike(states)
    total = sum(counts)
    return {
        name: _weighted_sum([(s[name], n / total) for s, n in zip(states, counts, strict=True)])
        for name in states[0]
    }
