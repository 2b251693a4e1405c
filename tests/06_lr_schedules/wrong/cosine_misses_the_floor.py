"""Progress is `t / total_steps`, so that the last step stops short of the floor.

Rejected by: Cosine annealing
"""


def cosine(base_lr, total_steps, min_lr=0.0, decay_steps=None):
    decay_steps = decay_steps or total_steps
    return _half_cosine(base_lr, min_lr, (_steps(total_steps) / decay_steps).clamp(max=1))
