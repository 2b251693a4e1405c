"""Counters are averaged and truncated: 3 and 4 batches make 3.

Rejected by: Federated average
"""


def _weighted_sum(pairs):
    total = sum(tensor.double() * share for tensor, share in pairs)
    return total.to(pairs[0][0].dtype)
