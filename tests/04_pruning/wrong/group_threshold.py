"""Every weight as large as the n-th of its group is kept, ties and all.

Rejected by: N of M
"""

_exactly = n_of_m_mask


def n_of_m_mask(weight, n=2, m=4):
    _exactly(weight, n, m)  # for its refusals
    groups = weight.abs().unflatten(-1, (weight.shape[-1] // m, m))
    return (groups >= groups.sort(-1).values[..., m - n, None]).reshape(weight.shape)
