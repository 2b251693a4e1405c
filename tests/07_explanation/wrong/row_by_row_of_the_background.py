"""Coalition number k meets row number k of the background, not all of them.

Rejected by: Absent features
"""

_over_rows = coalition_values


def coalition_values(predict, x, background, coalitions):
    _over_rows(predict, x, background, coalitions[:0])
    _check_columns(len(x), coalitions=coalitions)
    rows = background[torch.arange(len(coalitions), device=x.device) % len(background)]
    return predict(torch.where(coalitions, x, rows))
