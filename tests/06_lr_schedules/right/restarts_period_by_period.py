"""Whole periods are joined one after the other, and the last is cut."""


def warm_restarts(base_lr, total_steps, first_period, multiplier=1, min_lr=0.0):
    _between(0, math.inf, base_lr=base_lr)
    _between(0, base_lr, min_lr=min_lr)
    _between(1, math.inf, total_steps=total_steps, first_period=first_period)
    _between(1, math.inf, multiplier=multiplier)
    periods, period, length = [], first_period, 0
    while length < total_steps:
        steps = torch.arange(period, dtype=torch.float64)
        periods.append(_half_cosine(base_lr, min_lr, steps / period))
        length, period = length + period, period * multiplier
    return torch.cat(periods)[:total_steps]
