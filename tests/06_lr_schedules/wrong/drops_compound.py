"""The drop is applied to the current rate at every step, not to the base rate.

Rejected by: Step and exponential decay
"""


def step_decay(base_lr, total_steps, step_size, gamma=0.1):
    rates = [base_lr]
    for step in range(1, total_steps):
        rates.append(rates[-1] * gamma ** (step // step_size))
    return torch.tensor(rates, dtype=torch.float64)
