"""Rows that nobody left out get zeros, which look like a prediction.

Rejected by: Bagging
"""

_with_nan = bag


def bag(fit_predict, x, y, x_new, drawn):
    new, outside = _with_nan(fit_predict, x, y, x_new, drawn)
    return new, outside.nan_to_num()
