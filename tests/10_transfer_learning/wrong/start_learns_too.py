"""The start is part of the graph, and is pulled along.

Rejected by: Staying near the start
"""

_fixed = l2_sp


def l2_sp(weights, start, alpha, beta):
    value = _fixed(weights, start, alpha, beta)
    for name, w in weights.items():
        if name in start and start[name].shape == w.shape:
            pull = (w.detach() - start[name]).square().sum()
            value = value + alpha / 2 * (pull - pull.detach())
    return value
