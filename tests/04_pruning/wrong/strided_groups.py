"""A group is made of entries that lie far apart instead of side by side.

Rejected by: N of M
"""

_side_by_side = n_of_m_mask


def n_of_m_mask(weight, n=2, m=4):
    if not m or weight.shape[-1] % m:
        return _side_by_side(weight, n, m)
    apart = weight.unflatten(-1, (m, weight.shape[-1] // m)).transpose(-1, -2).flatten(-2)
    mask = _side_by_side(apart, n, m)
    return mask.unflatten(-1, (weight.shape[-1] // m, m)).transpose(-1, -2).flatten(-2)
