"""The ramp's last rate is already the first rate of the schedule: the top comes one step early.

Rejected by: Warm-up
"""


def warmup(rates, warmup_steps, start_factor=None):
    start = 1 / warmup_steps if start_factor is None else start_factor
    ramp = torch.linspace(start, 1, warmup_steps, dtype=torch.float64)
    return torch.cat([rates[0] * ramp, rates])
