"""Predictions of shape (n,) and targets of shape (n, 1) broadcast to a mean over n^2 errors.

Rejected by: Losses
"""

_alike = _require_alike


def _require_alike(argument, targets, outputs):
    _alike(argument, targets, targets if "regression" in argument else outputs)
