"""Features are selected before the fit: all but the ten strongest get 0.

Rejected by: Kernel SHAP
"""

_all_features = kernel_shap


def kernel_shap(predict, x, background, coalitions, weights=None):
    phi = _all_features(predict, x, background, coalitions, weights)
    weakest = phi.abs().argsort(descending=True)[10:]
    missing = phi[weakest].sum()
    phi[weakest] = 0
    kept = (phi != 0).to(phi.dtype)
    return phi + missing * kept / kept.sum()
