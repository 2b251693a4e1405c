"""The ramp is counted down from the schedule's first rate, in plain Python."""


def warmup(rates, warmup_steps, start_factor=None):
    if rates.dim() != 1 or not len(rates):
        raise ValueError(f"bad shape {tuple(rates.shape)} of rates")
    _between(0, math.inf, warmup_steps=warmup_steps)
    _between(0, 1, start_factor=1.0 if start_factor is None else start_factor)
    top = rates[0].item()
    lowest = top / (warmup_steps + 1) if start_factor is None else top * start_factor
    rise = (top - lowest) / max(warmup_steps, 1)
    ramp = [top - rise * k for k in range(warmup_steps, 0, -1)]
    return torch.tensor(ramp + rates.tolist(), dtype=torch.float64)
