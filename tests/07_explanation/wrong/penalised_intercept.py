"""The intercept is a column of ones and shrinks with the rest.

Rejected by: LIME
"""

_as_stated = lime_tabular


def lime_tabular(predict, x, samples, scale, kernel_width=None, ridge=1.0):
    found = _as_stated(predict, x, samples, scale, kernel_width, ridge)
    width = 0.75 * math.sqrt(len(x)) if kernel_width is None else kernel_width
    z = (samples - x) / scale
    weights = (z.square().sum(1) / (-2 * width**2)).exp()
    z = torch.cat([z, torch.ones_like(z[:, :1])], dim=1)
    penalty = ridge * torch.eye(len(x) + 1, dtype=z.dtype, device=z.device)
    c = torch.linalg.solve((z.T * weights) @ z + penalty, (z.T * weights) @ predict(samples))
    return found | {"coefficients": c[:-1], "intercept": c[-1].item()}
