"""The least important features go first.

Rejected by: Faithfulness
"""

_most_first = deletion_curve


def deletion_curve(predict, x, attributions, baseline):
    return _most_first(predict, x, -attributions, baseline)
