"""Each class is shuffled by itself and dealt from where the class before it stopped."""


def stratified_folds(targets, folds, generator):
    if not 2 <= folds <= len(targets):
        raise ValueError(f"folds={folds}, there are {len(targets)} rows")
    result = torch.full_like(targets, -1)
    names = torch.randperm(folds, generator=generator, device=targets.device)
    start = 0
    for value in sorted(set(targets.tolist()), reverse=True):
        rows = torch.nonzero(targets == value)[:, 0]
        keys = torch.rand(len(rows), generator=generator, device=targets.device)
        for row in rows[keys.argsort()].tolist():
            result[row] = names[start % folds]
            start += 1
    return result


def out_of_fold(fit_predict, x, y, folds):
    if folds.shape != (len(x),):
        raise ValueError(f"folds has the shape {tuple(folds.shape)}")
    if len(set(folds.tolist())) < 2:
        raise ValueError(f"folds are all {folds[0].item()}")
    by_row = {}
    for number in sorted(set(folds.tolist())):
        own = [i for i, fold in enumerate(folds.tolist()) if fold == number]
        others = [i for i, fold in enumerate(folds.tolist()) if fold != number]
        by_row.update(zip(own, fit_predict(x[others], y[others], x[own]), strict=True))
    return torch.stack([by_row[i] for i in range(len(x))])
