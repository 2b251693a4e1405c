"""Absent features are set to 0, whatever the background.

Rejected by: Absent features
"""

_over_rows = coalition_values


def coalition_values(predict, x, background, coalitions):
    _over_rows(predict, x, background, coalitions)
    return _over_rows(predict, x, 0 * background, coalitions)
