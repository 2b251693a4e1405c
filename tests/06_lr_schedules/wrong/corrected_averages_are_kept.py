"""The bias-corrected averages go into the state, and are corrected again at the next step.

Rejected by: Optimiser steps
"""


def _adam_update(parameter, gradient, state, lr, betas, eps):
    step = state.get("step", 0) + 1
    exp_avg = torch.lerp(_buffer(state, "exp_avg", parameter), gradient, 1 - betas[0])
    exp_avg_sq = _average_square(_buffer(state, "exp_avg_sq", parameter), gradient, betas[1])
    mean, square = exp_avg / (1 - betas[0] ** step), exp_avg_sq / (1 - betas[1] ** step)
    updated = parameter - lr * mean / (square.sqrt() + eps)
    return updated, {"step": step, "exp_avg": mean, "exp_avg_sq": square}
