"""A constant column is told by a deviation of exactly 0, but its mean rounds and so it is not.

Rejected by: Scale and impute
"""


def fit_scaler(x, kind="standard"):
    low, high = _known_range(x)
    center, spread = low, high - low
    if kind == "standard":
        center = x.nansum(0) / _count_known(x)
        spread = (x - center).square().nanmean(0).sqrt()
    return {"center": center, "scale": torch.where(spread == 0, 1, spread)}
