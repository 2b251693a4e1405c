"""RMSE averages the roots of the columns' mean squared errors.

Rejected by: Metrics
"""


def rmse(predictions, targets):
    _require_alike("targets of a regression", targets, predictions)
    return (predictions - targets).square().mean(dim=0).sqrt().mean()
