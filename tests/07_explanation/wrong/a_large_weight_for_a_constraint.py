"""The full coalition gets a weight of a million instead of being a constraint.

Rejected by: Kernel SHAP
"""


def kernel_shap(predict, x, background, coalitions, weights=None):
    weights = shapley_kernel(coalitions) if weights is None else weights
    _require_shape((len(coalitions),), weights=weights)
    for weight in weights.tolist():
        _require_at_least(0, weights=weight)
    full = torch.ones(1, len(x), dtype=torch.bool, device=x.device)
    present = torch.cat([full, coalitions]).double()
    values = coalition_values(predict, x, background, present.bool())
    none = coalition_values(predict, x, background, torch.zeros_like(present[:1]).bool())
    root = torch.cat([weights.new_full((1,), 1e6), weights]).double().sqrt()
    found = torch.linalg.lstsq(
        root[:, None] * present, root * (values.double() - none), driver="gelsd"
    )
    return found.solution.to(values.dtype)
