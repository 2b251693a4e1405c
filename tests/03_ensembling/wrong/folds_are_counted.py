"""Folds are taken to be 0, 1, 2 ... up to the highest number.

Rejected by: Out of fold
"""


def out_of_fold(fit_predict, x, y, folds):
    result = None
    for k in range(int(folds.max()) + 1):
        predicted = fit_predict(x[folds != k], y[folds != k], x[folds == k])
        if result is None:
            result = predicted.new_zeros(len(x), *predicted.shape[1:])
        result[folds == k] = predicted
    return result
