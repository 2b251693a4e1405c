"""Early stopping looks at the rows that the network was trained on.

Rejected by: Training
"""

_fair = train


def train(state, inputs, targets, validation, orders, **options):
    return _fair(state, inputs, targets, (inputs, targets), orders, **options)
