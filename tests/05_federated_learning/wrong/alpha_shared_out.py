"""The concentration is divided among the clients.

Rejected by: Dirichlet partition
"""

_as_asked = dirichlet_partition


def dirichlet_partition(targets, clients, alpha, generator):
    return _as_asked(targets, clients, alpha / clients, generator)
