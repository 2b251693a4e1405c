"""Each example brings the noise along, so that it is added as often as there are examples.

Rejected by: DP-SGD
"""

_once = dp_sgd_step


def dp_sgd_step(
    layers, inputs, targets, noise, max_norm, noise_multiplier, expected_batch_size, lr
):
    _between(0, math.inf, noise_multiplier=noise_multiplier)
    multiplier = noise_multiplier * len(inputs)
    return _once(layers, inputs, targets, noise, max_norm, multiplier, expected_batch_size, lr)
