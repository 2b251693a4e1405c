"""The model is asked about the mean of the background instead of its rows.

Rejected by: Absent features
"""

_over_rows = coalition_values


def coalition_values(predict, x, background, coalitions):
    _over_rows(predict, x, background, coalitions)
    return _over_rows(predict, x, background.mean(0, keepdim=True), coalitions)
