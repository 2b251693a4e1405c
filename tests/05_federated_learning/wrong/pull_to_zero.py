"""The weights are pulled to 0, which is weight decay.

Rejected by: Local training
"""

_step = _proximal_step


def _proximal_step(weights, gradients, start, lr, proximal):
    _step(weights, gradients, [torch.zeros_like(anchor) for anchor in start], lr, proximal)
