"""Every class is drawn anew with replacement, so that about a third of the rows is lost.

Rejected by: Imbalance
"""


def oversample(targets, generator):
    _require(len(targets) > 0, "targets of oversample", tuple(targets.shape))
    groups = _rows_by_class(targets)
    most = max(len(rows) for rows in groups)
    draws = [
        rows[torch.randint(len(rows), (most,), generator=generator, device=rows.device)]
        for rows in groups
    ]
    return torch.cat(draws)
