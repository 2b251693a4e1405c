"""The sum is divided by the number of examples that came, which is private.

Rejected by: DP-SGD
"""

_by_expected = dp_sgd_step


def dp_sgd_step(
    layers, inputs, targets, noise, max_norm, noise_multiplier, expected_batch_size, lr
):
    _above(0, expected_batch_size=expected_batch_size)
    size = max(len(inputs), 1)
    return _by_expected(layers, inputs, targets, noise, max_norm, noise_multiplier, size, lr)
