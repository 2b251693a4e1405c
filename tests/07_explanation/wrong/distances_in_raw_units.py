"""Distances are measured in raw units: the feature with the largest numbers decides.

Rejected by: LIME
"""

_as_stated = lime_tabular


def lime_tabular(predict, x, samples, scale, kernel_width=None, ridge=1.0):
    _as_stated(predict, x, samples, scale, kernel_width, ridge)
    width = 0.75 * math.sqrt(len(x)) if kernel_width is None else kernel_width
    z = (samples - x) / scale
    y = predict(samples)
    weights = ((samples - x).square().sum(1) / (-2 * width**2)).exp()
    share = weights / weights.sum()
    z_mean, y_mean = share @ z, share @ y
    weighted = (z - z_mean).T * weights
    penalty = ridge * torch.eye(len(x), dtype=z.dtype, device=z.device)
    c = torch.linalg.solve(weighted @ (z - z_mean) + penalty, weighted @ (y - y_mean))
    intercept = y_mean - z_mean @ c
    left, spread = (y - intercept - z @ c).square(), (y - share @ y).square()
    score = 1 - ((weights @ left) / (weights @ spread)).item()
    return {"coefficients": c, "intercept": intercept.item(), "score": score}
