"""Each rate is the one before, multiplied or not: the chainable form of both decays."""


def step_decay(base_lr, total_steps, step_size, gamma=0.1):
    _between(0, math.inf, base_lr=base_lr, gamma=gamma)
    _between(1, math.inf, total_steps=total_steps, step_size=step_size)
    rates = [base_lr]
    for step in range(1, total_steps):
        rates.append(rates[-1] * (gamma if step % step_size == 0 else 1.0))
    return torch.tensor(rates, dtype=torch.float64)


def exponential_decay(base_lr, total_steps, gamma):
    _between(0, math.inf, base_lr=base_lr, gamma=gamma)
    factors = torch.full((_steps(total_steps).numel(),), gamma, dtype=torch.float64)
    factors[0] = base_lr
    return factors.cumprod(0)
