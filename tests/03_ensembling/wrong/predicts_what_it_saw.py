"""One model of all rows predicts the very rows that it was trained on.

Rejected by: Out of fold
"""


def out_of_fold(fit_predict, x, y, folds):
    return fit_predict(x, y, x)
