"""A coalition that was drawn twice counts once.

Rejected by: Kernel SHAP
"""

_as_drawn = kernel_shap


def kernel_shap(predict, x, background, coalitions, weights=None):
    if weights is None:
        coalitions = coalitions.unique(dim=0)
    return _as_drawn(predict, x, background, coalitions, weights)
