"""Of several rules that hold the last one counts.

Rejected by: Faithfulness
"""

_first = fidelity


def fidelity(predict, rules, x):
    return _first(predict, rules[::-1], x)
