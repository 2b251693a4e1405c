"""The shares are drawn once for all classes: clients differ in size, not in what they see.

Rejected by: Dirichlet partition
"""


def dirichlet_partition(targets, clients, alpha, generator):
    rows = generator.permutation(len(targets))
    shares = generator.dirichlet([alpha] * clients)
    ends = np.rint(shares.cumsum() * len(rows)).astype(int)[:-1]
    return [torch.from_numpy(np.sort(piece)) for piece in np.split(rows, ends)]
