"""Every class is dealt anew from fold 0, where all surplus rows pile up.

Rejected by: Out of fold
"""


def stratified_folds(targets, folds, generator):
    _between(2, len(targets), folds=folds)
    dealt = torch.empty_like(targets)
    for value in targets.unique():
        rows = (targets == value).nonzero().flatten()
        order = torch.randperm(len(rows), generator=generator, device=rows.device)
        dealt[rows[order]] = torch.arange(len(rows), device=rows.device) % folds
    return dealt
