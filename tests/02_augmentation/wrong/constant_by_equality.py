"""A constant column is told by a deviation of exactly 0, but its mean rounds and so it is not.

Rejected by: Scale and impute
"""


def fit_scaler(x, kind="standard"):
    _check_choice(("standard", "minmax"), kind=kind)
    low, high = _lowest(x), -_lowest(-x)
    center, spread = low, high - low
    if kind == "standard":
        center = x.nansum(0) / _mean_and_count(x)[1]
        spread = (x - center).square().nanmean(0).sqrt()
    return {"center": center, "scale": torch.where(spread == 0, 1, spread)}
