"""Least squares without the constraint: the values do not add up to the prediction.

Rejected by: Kernel SHAP
"""


def kernel_shap(predict, x, background, coalitions, weights=None):
    weights = shapley_kernel(coalitions) if weights is None else weights
    _require_shape((len(coalitions),), weights=weights)
    for weight in weights.tolist():
        _require_at_least(0, weights=weight)
    ends = x.new_zeros(0, len(x)).bool()
    present = torch.cat([ends, coalitions]).double()
    values = coalition_values(predict, x, background, present.bool())
    none = coalition_values(predict, x, background, torch.zeros_like(present[:1]).bool())
    root = weights.double().sqrt()
    found = torch.linalg.lstsq(
        root[:, None] * present, root * (values.double() - none), driver="gelsd"
    )
    return found.solution.to(values.dtype)
