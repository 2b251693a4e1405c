"""The out-of-bag estimate is the mean of all models, those that know the row included.

Rejected by: Bagging
"""


def bag(fit_predict, x, y, x_new, drawn):
    _require(drawn.ndim == 2 and len(drawn) > 0, drawn=tuple(drawn.shape))
    everything = torch.cat([x, x_new])
    mean = torch.stack([fit_predict(x[s], y[s], everything) for s in drawn]).mean(0)
    return mean[len(x) :], mean[: len(x)]
