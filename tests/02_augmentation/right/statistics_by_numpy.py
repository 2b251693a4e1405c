"""NumPy's functions that know NaN; constant columns are told by their range."""

import numpy as np


def fit_scaler(x, kind="standard"):
    _check_choice(("standard", "minmax"), kind=kind)
    _lowest(x)
    known = x.cpu().numpy()
    low, high = np.nanmin(known, 0), np.nanmax(known, 0)
    if kind == "standard":
        center, spread = np.nanmean(known, 0), np.nanstd(known, 0)
    else:
        center, spread = low, high - low
    spread = np.where(low == high, 1, spread)
    return {"scale": torch.from_numpy(spread).to(x), "center": torch.from_numpy(center).to(x)}


def fit_imputer(x, strategy="mean"):
    _check_choice(("mean", "median"), strategy=strategy)
    _lowest(x)
    function = np.nanmean if strategy == "mean" else np.nanmedian
    return torch.from_numpy(function(x.cpu().numpy(), axis=0)).to(x)
