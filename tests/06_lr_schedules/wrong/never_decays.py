"""The exponent divides by the length of the run, so that it is 0 at every step.

Rejected by: Step and exponential decay
"""


def step_decay(base_lr, total_steps, step_size, gamma=0.1):
    return base_lr * gamma ** (_steps(total_steps) // total_steps)
