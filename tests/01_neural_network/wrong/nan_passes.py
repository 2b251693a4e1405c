"""NaN comes out of the check, and `NaN > tolerance` is False: a broken gradient passes.

Rejected by: Gradient check
"""


def gradient_check(function, point, gradient, step=1e-6):
    _require(point.numel() > 0, "point", tuple(point.shape))
    _require(gradient.shape == point.shape, "gradient", tuple(gradient.shape))
    _require(step > 0, "step", step)
    claimed = gradient.double().flatten()
    slopes = claimed.new_tensor([_slope(function, point, i, step) for i in range(len(claimed))])
    size = torch.cat([claimed, slopes]).abs().max().item()
    return (claimed - slopes).abs().max().item() / size if size != 0 else 0.0
