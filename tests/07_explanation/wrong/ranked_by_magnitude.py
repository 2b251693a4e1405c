"""Features are removed by magnitude, those that speak against the prediction too.

Rejected by: Faithfulness
"""

_signed = deletion_curve


def deletion_curve(predict, x, attributions, baseline):
    return _signed(predict, x, attributions.abs(), baseline)
