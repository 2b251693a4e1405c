"""The mean difference is reported, in which one wrong entry of many drowns.

Rejected by: Gradient check
"""


def gradient_check(function, point, gradient, step=1e-6):
    _require(point.numel() > 0, "point", tuple(point.shape))
    _require(gradient.shape == point.shape, "gradient", tuple(gradient.shape))
    _require(step > 0, "step", step)
    claimed = gradient.double().flatten()
    slopes = claimed.new_tensor([_slope(function, point, i, step) for i in range(len(claimed))])
    difference = (claimed - slopes).abs().mean().item()
    size = torch.cat([claimed, slopes]).abs().max().item()
    return difference / size if size > 0 else 0.0
