"""`s * (m - s)` stands in the numerator: the middle sizes are trusted most.

Rejected by: Kernel SHAP
"""


def shapley_kernel(coalitions):
    m = coalitions.shape[1]
    sizes = coalitions.sum(1).tolist()
    weights = [s * (m - s) * math.comb(m, s) / max(m - 1, 1) for s in sizes]
    return torch.tensor(weights, dtype=torch.float64, device=coalitions.device)
