"""The variance is the mean of the squares less the square of the mean, which cancels.

Rejected by: Scale and impute
"""


def fit_scaler(x, kind="standard"):
    _check_choice(("standard", "minmax"), kind=kind)
    low, high = _lowest(x), -_lowest(-x)
    if kind == "minmax":
        return {"center": low, "scale": torch.where(high > low, high - low, 1)}
    mean = x.nanmean(0)
    spread = ((x**2).nanmean(0) - mean**2).clamp(min=0).sqrt()
    return {"center": mean, "scale": torch.where(high > low, spread, 1)}
