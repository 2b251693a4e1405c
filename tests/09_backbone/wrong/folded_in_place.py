"""The model itself is folded.

Rejected by: Batch norm folded
"""


def fold_model(model):
    for parent in model.modules():
        children = dict(parent.named_children())
        for name, bn in children.items():
            conv = children.get(name.removesuffix("_bn"))
            if isinstance(bn, nn.BatchNorm2d) and isinstance(conv, nn.Conv2d):
                weight, bias = fold_batch_norm(conv, bn)
                conv.weight, conv.bias = nn.Parameter(weight), nn.Parameter(bias)
                setattr(parent, name, nn.Identity())
    return model.eval()
