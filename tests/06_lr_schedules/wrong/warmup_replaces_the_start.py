"""The ramp takes the place of the first rates, so that the rest begins with a jump down.

Rejected by: Warm-up
"""


def warmup(rates, warmup_steps, start_factor=None):
    start = 1 / (warmup_steps + 1) if start_factor is None else start_factor
    climbed = torch.arange(warmup_steps, dtype=torch.float64) / warmup_steps
    return torch.cat([rates[0] * (start + (1 - start) * climbed), rates[warmup_steps:]])
