"""All channels share one scale.

Rejected by: Eight bits
"""


def quantise(weight):
    rows = weight.flatten(1)
    scale = rows.abs().max().expand(len(rows)) / 127 if len(rows) else rows.sum(1)
    scale = torch.where(scale > 0, scale, 1)
    return (rows / scale.unsqueeze(1)).round().to(torch.int8).reshape(weight.shape), scale
