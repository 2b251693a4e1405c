"""The fit is unconstrained, and what is missing from the sum is shared out afterwards.

Rejected by: Kernel SHAP
"""


def kernel_shap(predict, x, background, coalitions, weights=None):
    weights = shapley_kernel(coalitions) if weights is None else weights
    _require_shape((len(coalitions),), weights=weights)
    for weight in weights.tolist():
        _require_at_least(0, weights=weight)
    ends = torch.tensor([[False], [True]], device=x.device).expand(2, len(x))
    none, full = coalition_values(predict, x, background, ends).double()
    values = coalition_values(predict, x, background, coalitions)
    root, present = weights.double().sqrt(), coalitions.double()
    target = root * (values.double() - none)
    phi = torch.linalg.lstsq(root[:, None] * present, target, driver="gelsd").solution
    return (phi + (full - none - phi.sum()) / len(x)).to(values.dtype)
