"""The last batch of an epoch is dropped when it is not full.

Rejected by: Training
"""

_whole_epochs = train


def train(state, inputs, targets, validation, orders, *, batch_size=64, **options):
    full = max(orders.shape[1] // batch_size * batch_size, 1)
    kept = orders[:, :full]
    return _whole_epochs(state, inputs, targets, validation, kept, batch_size=batch_size, **options)
