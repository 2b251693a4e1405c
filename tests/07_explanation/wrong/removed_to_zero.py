"""Features that go become 0, whatever the baseline.

Rejected by: Faithfulness
"""

_to_baseline = deletion_curve


def deletion_curve(predict, x, attributions, baseline):
    _to_baseline(predict, x, attributions, baseline)
    return _to_baseline(predict, x, attributions, 0 * x)
