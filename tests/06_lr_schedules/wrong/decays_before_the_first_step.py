"""The scheduler is stepped before the optimiser: the base rate is never used.

Rejected by: Step and exponential decay
"""


def exponential_decay(base_lr, total_steps, gamma):
    return base_lr * gamma ** (_steps(total_steps) + 1)
