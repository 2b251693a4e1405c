"""Thousands of small shares are added up in half precision, where the sum gets stuck.

Rejected by: Federated average
"""


def _weighted_sum(pairs):
    first = pairs[0][0]
    if not first.is_floating_point():
        return torch.stack([tensor for tensor, _ in pairs]).amax(0)
    total = torch.zeros_like(first)
    for tensor, share in pairs:
        total.add_(tensor * share)
    return total
