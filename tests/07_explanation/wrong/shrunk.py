"""The fit is shrunk by a ridge, so that a linear model is not found.

Rejected by: Kernel SHAP
"""


def kernel_shap(predict, x, background, coalitions, weights=None):
    weights = shapley_kernel(coalitions) if weights is None else weights
    _require_shape((len(coalitions),), weights=weights)
    for weight in weights.tolist():
        _require_at_least(0, weights=weight)
    ends = torch.tensor([[False], [True]], device=x.device).expand(2, len(x))
    values = coalition_values(predict, x, background, torch.cat([ends, coalitions])).double()
    total, present = values[1] - values[0], coalitions.double()
    design = present[:, :-1] - present[:, -1:]
    weighted = design.T * weights
    target = values[2:] - values[0] - present[:, -1] * total
    system = weighted @ design + 1e-3 * torch.eye(len(x) - 1, device=x.device)
    others = torch.linalg.solve(system, weighted @ target)
    return torch.cat([others, (total - others.sum())[None]]).to(x.dtype)
