"""Players are credited in one order only, as they come.

Rejected by: Exact Shapley values
"""

_checked = exact_shapley


def exact_shapley(values):
    _checked(values)
    players = len(values).bit_length() - 1
    return values[[2**i - 1 for i in range(players + 1)]].diff()
