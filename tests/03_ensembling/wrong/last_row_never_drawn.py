"""The highest row is never drawn: the end of the range was taken to be inside.

Rejected by: Bagging
"""


def bootstrap(rows, rounds, generator):
    _between(1, math.inf, rows=rows)
    _between(1, math.inf, rounds=rounds)
    high = max(rows - 1, 1)
    return torch.randint(high, (rounds, rows), generator=generator, device=generator.device)
