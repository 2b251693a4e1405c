"""Every sample is a permutation: all models see all rows, and nothing is out of the bag.

Rejected by: Bagging
"""


def bootstrap(rows, rounds, generator):
    _between(1, math.inf, rows=rows)
    _between(1, math.inf, rounds=rounds)
    options = {"generator": generator, "device": generator.device}
    return torch.stack([torch.randperm(rows, **options) for _ in range(rounds)])
