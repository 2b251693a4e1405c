"""The L2 penalty lacks the half that its gradient assumes: value and gradient disagree.

Rejected by: Regularisation
"""

_with_half = penalty


def penalty(parameters, l1, l2):
    value, gradients = _with_half(parameters, l1, l2)
    return value + l2 / 2 * sum(weight.square().sum() for weight, _ in parameters), gradients
