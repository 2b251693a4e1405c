"""The decay is added to the gradient and called AdamW: it is rescaled like any gradient.

Rejected by: Optimiser steps
"""


def adamw_step(parameter, gradient, state, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    penalised = gradient + weight_decay * parameter
    return _adam_update(parameter, penalised, state, lr, betas, eps)
