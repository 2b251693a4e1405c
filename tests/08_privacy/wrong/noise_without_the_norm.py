"""The noise has the multiplier for its deviation, without the unit, `max_norm`.

Rejected by: DP-SGD
"""

_in_units = dp_sgd_step


def dp_sgd_step(
    layers, inputs, targets, noise, max_norm, noise_multiplier, expected_batch_size, lr
):
    _above(0, max_norm=max_norm)
    multiplier = noise_multiplier / max_norm
    return _in_units(layers, inputs, targets, noise, max_norm, multiplier, expected_batch_size, lr)
