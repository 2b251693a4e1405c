"""Every batch has the expected size, which the accountant does not cover.

Rejected by: DP-SGD
"""


def poisson_batch(count, sampling_rate, generator):
    _between(0, math.inf, count=count)
    _between(0, 1, sampling_rate=sampling_rate)
    shuffled = torch.randperm(count, generator=generator, device=generator.device)
    return shuffled[: round(count * sampling_rate)].sort().values
