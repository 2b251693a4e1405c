"""Only the layers of the outermost module are folded.

Rejected by: Batch norm folded
"""


def fold_model(model):
    folded = copy.deepcopy(model)
    children = dict(folded.named_children())
    for name, bn in children.items():
        conv = children.get(name.removesuffix("_bn"))
        if isinstance(bn, nn.BatchNorm2d) and isinstance(conv, nn.Conv2d):
            weight, bias = fold_batch_norm(conv, bn)
            conv.weight, conv.bias = nn.Parameter(weight), nn.Parameter(bias)
            setattr(folded, name, nn.Identity())
    return folded.eval()
