"""Ranks come from a sort, so that a tie is won by whichever row came last.

Rejected by: Metrics
"""

_with_ties = roc_auc


def roc_auc(targets, scores):
    _with_ties(targets, scores)
    ranks = scores.argsort(stable=True).argsort().double() + 1
    positive = targets == 1
    n, m = positive.sum(), (~positive).sum()
    return (ranks[positive].sum() - n * (n + 1) / 2) / (n * m)
