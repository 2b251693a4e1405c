"""The ramp starts at a rate of 0: the first batch is computed and teaches nothing.

Rejected by: Warm-up
"""


def warmup(rates, warmup_steps, start_factor=None):
    start = start_factor or 0.0
    climbed = torch.arange(warmup_steps, dtype=torch.float64) / warmup_steps
    return torch.cat([rates[0] * (start + (1 - start) * climbed), rates])
