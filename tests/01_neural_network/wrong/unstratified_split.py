"""The split shuffles all rows together: a rare class may end up on one side.

Rejected by: Imbalance
"""


def stratified_split(targets, fraction, generator):
    _require(0 < fraction < 1, "fraction", fraction)
    cut = round(fraction * len(targets))
    rows = torch.randperm(len(targets), generator=generator, device=targets.device)
    return rows[cut:].sort().values, rows[:cut].sort().values
