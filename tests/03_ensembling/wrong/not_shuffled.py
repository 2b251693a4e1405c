"""Rows of a class are dealt in the order in which they lie, and only folds are renamed.

Rejected by: Out of fold
"""


def stratified_folds(targets, folds, generator):
    rows = len(targets)
    _between(2, rows, folds=folds)
    names = torch.randperm(folds, generator=generator, device=targets.device)
    dealt = torch.empty_like(targets)
    dealt[targets.argsort(stable=True)] = names[torch.arange(rows, device=targets.device) % folds]
    return dealt
