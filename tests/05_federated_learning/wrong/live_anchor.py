"""The anchor is another name for the live weights: the pull is always 0.

Rejected by: Local training
"""

_step = _proximal_step


def _proximal_step(weights, gradients, start, lr, proximal):
    _step(weights, gradients, [weight.detach() for weight in weights], lr, proximal)
