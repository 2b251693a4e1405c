"""The check runs in the dtype of the point: in float32 a step of 1e-6 measures noise.

Rejected by: Gradient check
"""


def _slope(function, point, i, step):
    high, low = (point.clone(memory_format=torch.contiguous_format) for _ in range(2))
    high.view(-1)[i] += step
    low.view(-1)[i] -= step
    return (float(function(high)) - float(function(low))) / (2 * step)
