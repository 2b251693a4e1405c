"""The squared cosine of half the angle, in NumPy, with the floor appended as a constant."""

import numpy as np


def cosine(base_lr, total_steps, min_lr=0.0, decay_steps=None):
    _between(1, math.inf, total_steps=total_steps)
    _between(0, math.inf, base_lr=base_lr)
    _between(0, base_lr, min_lr=min_lr)
    length = total_steps if decay_steps is None else decay_steps
    _between(1, math.inf, decay_steps=length)
    fall = np.linspace(0, np.pi / 2, length) if length > 1 else np.zeros(1)
    rates = min_lr + (base_lr - min_lr) * np.cos(fall) ** 2
    return torch.from_numpy(np.append(rates, np.full(total_steps, min_lr))[:total_steps].copy())
