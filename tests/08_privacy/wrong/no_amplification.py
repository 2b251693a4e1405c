"""Sampling is forgotten: every row is taken to be in every batch.

Rejected by: Privacy accounting
"""

_sampled = epsilon_spent


def epsilon_spent(sampling_rate, noise_multiplier, steps, delta):
    _sampled(sampling_rate, noise_multiplier, steps, delta)
    return _sampled(1.0, noise_multiplier, steps, delta)
