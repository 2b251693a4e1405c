"""What the coalition marks is taken from the background.

Rejected by: Absent features
"""

_as_marked = coalition_values


def coalition_values(predict, x, background, coalitions):
    _check_columns(len(x), coalitions=coalitions)
    return _as_marked(predict, x, background, ~coalitions)
