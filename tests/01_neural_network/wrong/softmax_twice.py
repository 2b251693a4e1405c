"""Softmax is applied before a loss that applies it again.

Rejected by: Losses
"""


def cross_entropy(logits, targets, class_weights=None):
    _require_classification(logits, targets, class_weights)
    probabilities = logits.softmax(dim=1)
    shares = _row_shares(logits, targets, class_weights)
    return -(shares * _log_softmax(probabilities).gather(1, targets[:, None])[:, 0]).sum()
