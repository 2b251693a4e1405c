"""The examples of a class are dealt out in the order of the file.

Rejected by: Dirichlet partition
"""


class _Unshuffled:
    def __init__(self, generator):
        self.dirichlet = generator.dirichlet

    def permutation(self, rows):
        return rows


_shuffled = dirichlet_partition


def dirichlet_partition(targets, clients, alpha, generator):
    return _shuffled(targets, clients, alpha, _Unshuffled(generator))
