"""The epsilon of one step is multiplied by the number of steps.

Rejected by: Privacy accounting
"""


def epsilon_spent(sampling_rate, noise_multiplier, steps, delta):
    _between(1, math.inf, steps=steps)
    orders = range(2, 257)
    rdp = rdp_sampled_gaussian(sampling_rate, noise_multiplier, orders)
    return steps * rdp_to_epsilon(rdp, orders, delta)
