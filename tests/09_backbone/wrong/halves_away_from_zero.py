"""Halves are rounded away from zero.

Rejected by: Eight bits
"""


def quantise(weight):
    rows = weight.flatten(1)
    scale = rows.abs().amax(1) / 127
    scale = torch.where(scale > 0, scale, 1)
    steps = rows / scale.unsqueeze(1)
    steps = (steps.abs() + 0.5).floor() * steps.sign()
    return steps.to(torch.int8).reshape(weight.shape), scale
