"""A model is trained on the different rows of its sample, each once.

Rejected by: Bagging
"""

_as_drawn = bag


def bag(fit_predict, x, y, x_new, drawn):
    keys = iter([sample.unique() for sample in drawn])

    def once(_x, _y, asked):
        sample = next(keys)
        return fit_predict(x[sample], y[sample], asked)

    return _as_drawn(once, x, y, x_new, drawn)
