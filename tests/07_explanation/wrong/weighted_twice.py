"""Given weights are multiplied by the kernel, as if the draw had not known it.

Rejected by: Kernel SHAP
"""

_once = kernel_shap


def kernel_shap(predict, x, background, coalitions, weights=None):
    if weights is not None:
        _require_shape((len(coalitions),), weights=weights)
    for weight in weights.tolist():
        _require_at_least(0, weights=weight)
        weights = weights * shapley_kernel(coalitions)
    return _once(predict, x, background, coalitions, weights)
