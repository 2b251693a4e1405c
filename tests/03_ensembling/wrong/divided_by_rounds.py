"""Out-of-bag sums are divided by the number of rounds, and rows nobody left out get 0.

Rejected by: Bagging
"""

_by_count = bag


def bag(fit_predict, x, y, x_new, drawn):
    new, outside = _by_count(fit_predict, x, y, x_new, drawn)
    bagged = (torch.arange(len(x), device=drawn.device)[:, None, None] == drawn).any(2)
    return new, outside.nan_to_num() * (~bagged).double().mean(1).to(outside.dtype)[:, None]
