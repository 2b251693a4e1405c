"""A single missing entry turns the statistics of its whole column into NaN.

Rejected by: Scale and impute
"""


def fit_scaler(x, kind="standard"):
    _check_choice(("standard", "minmax"), kind=kind)
    _lowest(x)
    low, high = x.amin(0), x.amax(0)
    center, spread = (
        (x.mean(0), x.std(0, correction=0)) if kind == "standard" else (low, high - low)
    )
    return {"center": center, "scale": torch.where(high > low, spread, 1)}
