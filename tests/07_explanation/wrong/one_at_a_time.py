"""Entry k is without the k-th feature only, not without all up to it.

Rejected by: Faithfulness
"""

_all_up_to = deletion_curve


def deletion_curve(predict, x, attributions, baseline):
    _all_up_to(predict, x, attributions, baseline)
    ranks = attributions.argsort(descending=True, stable=True).argsort()
    gone = ranks == torch.arange(-1, len(x), device=x.device)[:, None]
    return predict(torch.where(gone, baseline, x))
