"""The gradient check moves one buffer to and fro, and takes both ends' difference in Python."""


def gradient_check(function, point, gradient, step=1e-6):
    _require(point.numel() > 0, "point", tuple(point.shape))
    _require(gradient.shape == point.shape, "gradient", tuple(gradient.shape))
    _require(step > 0, "step", step)
    x = torch.zeros(point.shape, dtype=torch.float64, device=point.device) + point
    worst, size = 0.0, 0.0
    for index in torch.cartesian_prod(*map(torch.arange, x.shape)).reshape(-1, x.ndim).tolist():
        place = tuple(index)
        x[place] -= step
        low = float(function(x))
        x[place] += 2 * step
        slope = (float(function(x)) - low) / (2 * step)
        x[place] -= step
        claimed = gradient[place].item()
        if not math.isfinite(slope - claimed):
            return math.inf
        worst = max(worst, abs(slope - claimed))
        size = max(size, abs(slope), abs(claimed))
    return worst / size if size else 0.0
