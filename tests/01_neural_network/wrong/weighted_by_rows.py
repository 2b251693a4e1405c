"""A class-weighted loss is divided by the number of rows instead of by their weights.

Rejected by: Losses
"""


def _row_shares(logits, targets, class_weights):
    weights = torch.ones_like(logits[0]) if class_weights is None else class_weights
    return weights.to(logits.dtype)[targets] / len(targets)
