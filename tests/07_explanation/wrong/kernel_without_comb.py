"""The kernel forgets how many coalitions of a size there are.

Rejected by: Kernel SHAP
"""


def shapley_kernel(coalitions):
    m = coalitions.shape[1]
    sizes = coalitions.sum(1).tolist()
    weights = [(m - 1) / (s * (m - s)) if 0 < s < m else 0.0 for s in sizes]
    return torch.tensor(weights, dtype=torch.float64, device=coalitions.device)
