"""The logarithm of a sum that hardly exceeds 1 is taken as it stands.

Rejected by: Privacy accounting
"""

_precise = rdp_sampled_gaussian


def rdp_sampled_gaussian(sampling_rate, noise_multiplier, orders):
    a = torch.tensor(orders, dtype=torch.float64) - 1
    return (a * _precise(sampling_rate, noise_multiplier, orders)).exp().log() / a
