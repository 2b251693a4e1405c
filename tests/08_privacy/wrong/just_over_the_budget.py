"""The search returns its lower end, whose noise is not quite enough.

Rejected by: Privacy accounting
"""

_enough = noise_for_epsilon


def noise_for_epsilon(epsilon, delta, sampling_rate, steps):
    return _enough(epsilon, delta, sampling_rate, steps) * (1 - 1e-3)
