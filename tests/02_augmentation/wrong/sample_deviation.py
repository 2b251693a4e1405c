"""The deviation divides by n - 1 instead of n.

Rejected by: Scale and impute
"""

_right = fit_scaler


def fit_scaler(x, kind="standard"):
    state, count = _right(x, kind), _mean_and_count(x)[1]
    if kind == "standard":
        state["scale"] = state["scale"] * (count / (count - 1)) ** 0.5
    return state
