"""The first rows of every class go to the second side: no randomness at all.

Rejected by: Imbalance
"""


def stratified_split(targets, fraction, generator):
    _require(0 < fraction < 1, "fraction", fraction)
    chosen = torch.zeros_like(targets, dtype=torch.bool)
    for rows in _rows_by_class(targets):
        chosen[rows[: round(fraction * len(rows))]] = True
    return (~chosen).nonzero().flatten(), chosen.nonzero().flatten()
