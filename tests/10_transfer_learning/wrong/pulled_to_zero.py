"""Known weights are pulled to 0: weight decay by another name.

Rejected by: Staying near the start
"""

_to_the_start = l2_sp


def l2_sp(weights, start, alpha, beta):
    zeros = {name: torch.zeros_like(tensor) for name, tensor in start.items()}
    return _to_the_start(weights, zeros, alpha, beta)
