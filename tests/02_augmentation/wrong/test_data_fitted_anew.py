"""Data to be scaled is brought to its own mean and deviation, not to those of the training data.

Rejected by: Scale and impute
"""


def scale(x, state):
    own = fit_scaler(x)
    return (x - own["center"]) / own["scale"]
