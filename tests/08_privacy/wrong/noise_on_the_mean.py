"""The noise that belongs to the sum is added to the mean.

Rejected by: DP-SGD
"""

_on_the_sum = dp_sgd_step


def dp_sgd_step(
    layers, inputs, targets, noise, max_norm, noise_multiplier, expected_batch_size, lr
):
    _above(0, expected_batch_size=expected_batch_size)
    multiplier = noise_multiplier * expected_batch_size
    return _on_the_sum(
        layers, inputs, targets, noise, max_norm, multiplier, expected_batch_size, lr
    )
