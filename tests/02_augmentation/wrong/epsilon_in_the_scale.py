"""A small number is added to every scale to avoid a division by 0, so that small columns shrink.

Rejected by: Scale and impute
"""

_right = fit_scaler


def fit_scaler(x, kind="standard"):
    state = _right(x, kind)
    return {"center": state["center"], "scale": state["scale"] + 1e-8}
