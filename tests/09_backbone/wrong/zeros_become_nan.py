"""A channel of zeros is divided by 0.

Rejected by: Eight bits
"""


def quantise(weight):
    rows = weight.flatten(1)
    scale = rows.abs().amax(1) / 127
    return (rows / scale.unsqueeze(1)).round().to(torch.int8).reshape(weight.shape), scale
