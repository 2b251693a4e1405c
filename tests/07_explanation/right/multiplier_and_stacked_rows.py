"""The constraint has a Lagrange multiplier; the local model is a stacked least squares fit."""


def shapley_kernel(coalitions):
    m = coalitions.shape[1]
    size = coalitions.sum(1).double()
    m = torch.full_like(size, m)
    comb = (torch.lgamma(m + 1) - torch.lgamma(size + 1) - torch.lgamma(m - size + 1)).exp()
    weights = (m - 1) / (comb * size * (m - size))
    return torch.where((size > 0) & (size < m), weights, 0.0)


def kernel_shap(predict, x, background, coalitions, weights=None):
    if weights is None:
        weights = shapley_kernel(coalitions)
    if tuple(weights.shape) != (len(coalitions),):
        raise ValueError(f"weights: {tuple(weights.shape)}")
    for weight in weights.tolist():
        if not weight >= 0:
            raise ValueError(f"weights: {weight}")
    every = torch.ones(1, len(x), dtype=torch.bool, device=x.device)
    values = coalition_values(predict, x, background, torch.cat([coalitions, every, ~every]))
    *_, full, none = values.double()
    z, gap = coalitions.double(), values[:-2].double() - none
    ones = torch.ones(len(x), 1, dtype=torch.float64, device=x.device)
    upper = torch.cat([2 * z.T @ (weights[:, None] * z), ones], dim=1)
    lower = torch.cat([ones.T, torch.zeros_like(ones[:1])], dim=1)
    known = torch.cat([2 * z.T @ (weights * gap), (full - none)[None]])
    return torch.linalg.solve(torch.cat([upper, lower]), known)[:-1].to(values.dtype)


def lime_tabular(predict, x, samples, scale, kernel_width=None, ridge=1.0):
    if samples.ndim != 2 or samples.shape[1] != len(x):
        raise ValueError(f"samples: {tuple(samples.shape)}")
    if scale.shape != x.shape:
        raise ValueError(f"scale: {tuple(scale.shape)}")
    if not (scale > 0).all():
        raise ValueError(f"scale: {scale.tolist()}")
    if kernel_width is None:
        kernel_width = math.sqrt(len(x)) * 3 / 4
    if not kernel_width > 0 or not ridge >= 0:
        raise ValueError(f"kernel_width: {kernel_width}, ridge: {ridge}")
    z, y = ((samples - x) / scale).double(), predict(samples).detach().double()
    weights = torch.exp(-0.5 * (torch.linalg.norm(z, dim=1) / kernel_width) ** 2)
    design = torch.cat([z, torch.ones_like(z[:, :1])], dim=1)
    penalty = ridge**0.5 * torch.eye(len(x) + 1, dtype=z.dtype, device=z.device)[:-1]
    stacked = torch.cat([weights.sqrt()[:, None] * design, penalty])
    known = torch.cat([weights.sqrt() * y, y.new_zeros(len(x))])
    *c, intercept = torch.linalg.lstsq(stacked, known).solution
    residual = y - design @ torch.stack([*c, intercept])
    spread = y - (weights * y).sum() / weights.sum()
    score = 1 - (weights * residual**2).sum() / (weights * spread**2).sum()
    return {
        "score": float(score),
        "intercept": float(intercept),
        "coefficients": torch.stack(c).to(x.dtype),
    }
