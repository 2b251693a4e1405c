"""The scale is the largest magnitude divided by 128.

Rejected by: Eight bits
"""


def quantise(weight):
    rows = weight.flatten(1)
    scale = rows.abs().amax(1) / 128
    scale = torch.where(scale > 0, scale, 1)
    steps = (rows / scale.unsqueeze(1)).round().clamp(-128, 127)
    return steps.to(torch.int8).reshape(weight.shape), scale
