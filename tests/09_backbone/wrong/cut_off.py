"""Steps are cut off instead of rounded.

Rejected by: Eight bits
"""


def quantise(weight):
    rows = weight.flatten(1)
    scale = rows.abs().amax(1) / 127
    scale = torch.where(scale > 0, scale, 1)
    return (rows / scale.unsqueeze(1)).to(torch.int8).reshape(weight.shape), scale
