"""Log-loss takes the logarithm of a sigmoid that has already rounded to 0 or 1.

Rejected by: Losses
"""


def binary_log_loss(logits, targets):
    _require_alike("targets of a binary loss", targets, logits)
    _require_each((targets >= 0) & (targets <= 1), "targets of a binary loss", targets)
    p, t = logits.sigmoid(), targets.to(logits.dtype)
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean()
