"""Steps are counted from 1, so that the first drop is at step `step_size - 1`.

Rejected by: Step and exponential decay
"""


def step_decay(base_lr, total_steps, step_size, gamma=0.1):
    return base_lr * gamma ** ((_steps(total_steps) + 1) // step_size)
