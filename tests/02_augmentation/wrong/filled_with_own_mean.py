"""Missing test entries get the mean of the test data instead of what was learnt.

Rejected by: Scale and impute
"""


def impute(x, fills):
    _check_table(x, len(fills))
    return torch.where(x.isnan(), x.nanmean(0), x)
