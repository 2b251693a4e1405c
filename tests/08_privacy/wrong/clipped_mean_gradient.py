"""The summed gradient of the batch is clipped, not that of each example.

Rejected by: DP-SGD
"""


def _clip_factors(squared_norms, max_norm):
    _above(0, max_norm=max_norm)
    norms = torch.stack(list(squared_norms)).sum(0)
    return (max_norm / norms.sum().sqrt()).clamp(max=1).expand(len(norms), 1)
