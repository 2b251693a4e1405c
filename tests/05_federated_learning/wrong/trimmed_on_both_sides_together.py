"""The share to trim is divided between the two sides.

Rejected by: Robust aggregation
"""

_each_side = trimmed_mean


def trimmed_mean(states, trim):
    _require(0 <= trim < 0.5, "from 0 to below 0.5", trim=trim)
    return _each_side(states, trim / 2)
