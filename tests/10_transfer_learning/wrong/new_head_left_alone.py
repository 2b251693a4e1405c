"""New weights are not penalised.

Rejected by: Staying near the start
"""

_both = l2_sp


def l2_sp(weights, start, alpha, beta):
    return _both(weights, start, alpha, 0 * beta) if beta >= 0 else _both(weights, start, 0, beta)
