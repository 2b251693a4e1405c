"""The draws come from a generator of the function's own, with a fixed seed.

Rejected by: Dirichlet partition
"""

_as_asked = dirichlet_partition


def dirichlet_partition(targets, clients, alpha, generator):
    return _as_asked(targets, clients, alpha, np.random.default_rng(42))
