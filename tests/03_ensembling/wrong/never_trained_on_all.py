"""New rows get the mean of the folds' models: nothing is ever trained on all rows.

Rejected by: Stacking
"""


def stack(fit_predicts, x, y, x_new, folds, num_classes, l2=1e-3):
    numbers = folds.unique().tolist()
    seen, new = [], []
    for member in fit_predicts:
        seen.append(out_of_fold(member, x, y, folds))
        parts = [member(x[folds != k], y[folds != k], x_new) for k in numbers]
        new.append(torch.stack(parts).mean(0))
    weight, bias = fit_logistic(torch.cat(seen, 1), y, num_classes, l2)
    return functional.linear(torch.cat(new, 1), weight, bias).softmax(1)
