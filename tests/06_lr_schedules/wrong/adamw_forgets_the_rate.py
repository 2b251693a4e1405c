"""The weight shrinks by `weight_decay` at every step, whatever the schedule says.

Rejected by: Optimiser steps
"""


def adamw_step(parameter, gradient, state, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    return _adam_update(parameter * (1 - weight_decay), gradient, state, lr, betas, eps)
