"""`n` is taken for the number of zeros, which is the same for 2:4 only.

Rejected by: N of M
"""

_keeping = n_of_m_mask


def n_of_m_mask(weight, n=2, m=4):
    return _keeping(weight, n, m) if n in (0, m) else _keeping(weight, m - n, m)
