"""Groups run from one row into the next if the inputs do not fill them.

Rejected by: N of M
"""

_within_rows = n_of_m_mask


def n_of_m_mask(weight, n=2, m=4):
    _between(1, math.inf, m=m)
    _require(weight.numel() % m == 0, "whole groups", weight=tuple(weight.shape))
    return _within_rows(weight.flatten(), n, m).reshape(weight.shape)
