"""Each client's share is truncated, so that the last examples of a class are with nobody.

Rejected by: Dirichlet partition
"""


def dirichlet_partition(targets, clients, alpha, generator):
    labels = targets.cpu().numpy()
    owned = [[] for _ in range(clients)]
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        at = 0
        for own, share in zip(owned, generator.dirichlet([alpha] * clients), strict=True):
            own += rows[at : at + int(share * len(rows))].tolist()
            at += int(share * len(rows))
    return [torch.tensor(sorted(own), dtype=torch.int64) for own in owned]
