"""Every epoch goes over the rows in the same order.

Rejected by: Rounds
"""


def _batches(size, epochs, batch_size, generator):
    rows = torch.from_numpy(generator.permutation(size))
    return list(rows.split(batch_size)) * epochs
