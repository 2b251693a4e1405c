"""The process's own generator is seeded and used.

Rejected by: Out of fold
"""


def stratified_folds(targets, folds, generator):
    rows = len(targets)
    _between(2, rows, folds=folds)
    torch.manual_seed(torch.randint(2**31, (), generator=generator, device=generator.device).item())
    shuffled = torch.randperm(rows, device=targets.device)
    by_class = shuffled[targets[shuffled].argsort()]
    dealt = torch.empty_like(by_class)
    dealt[by_class] = torch.arange(rows, device=targets.device) % folds
    return dealt
