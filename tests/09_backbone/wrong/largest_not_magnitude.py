"""The scale comes from the largest value, not from the largest magnitude.

Rejected by: Eight bits
"""


def quantise(weight):
    rows = weight.flatten(1)
    scale = rows.amax(1) / 127
    scale = torch.where(scale > 0, scale, 1)
    steps = (rows / scale.unsqueeze(1)).round().clamp(-127, 127)
    return steps.to(torch.int8).reshape(weight.shape), scale
