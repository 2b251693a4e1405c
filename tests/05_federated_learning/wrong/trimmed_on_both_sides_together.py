"""The share to trim is divided between the two sides.

Rejected by: Robust aggregation
"""

_each_side = trimmed_mean


def trimmed_mean(states, trim):
    _from_to_below(0, 0.5, trim=trim)
    return _each_side(states, trim / 2)
