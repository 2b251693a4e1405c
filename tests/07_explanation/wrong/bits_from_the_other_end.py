"""Player 0 is looked for in the highest bit.

Rejected by: Exact Shapley values
"""

_from_the_low_end = exact_shapley


def exact_shapley(values):
    return _from_the_low_end(values).flip(0)
