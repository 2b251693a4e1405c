"""Every batch norm becomes an identity, folded or not.

Rejected by: Batch norm folded
"""

_folded = fold_model


def fold_model(model):
    folded = _folded(model)
    for parent in folded.modules():
        for name, child in dict(parent.named_children()).items():
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, nn.Identity())
    return folded.eval()
