"""Past the end of the fall the cosine goes on, and the rate climbs back to the top.

Rejected by: Cosine annealing
"""


def cosine(base_lr, total_steps, min_lr=0.0, decay_steps=None):
    last = max((decay_steps or total_steps) - 1, 1)
    return _half_cosine(base_lr, min_lr, _steps(total_steps) / last)
