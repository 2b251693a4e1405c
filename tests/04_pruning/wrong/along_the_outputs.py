"""Groups are formed along the outputs, where no hardware looks for them.

Rejected by: N of M
"""

_along_inputs = n_of_m_mask


def n_of_m_mask(weight, n=2, m=4):
    if weight.ndim != 2:
        return _along_inputs(weight, n, m)
    _require(weight.shape[1] % m == 0, "multiple", weight=tuple(weight.shape))
    return _along_inputs(weight.T, n, m).T
