"""Epsilon is added under Adam's root, where it weighs as its own root: 1e-4, not 1e-8.

Rejected by: Optimiser steps
"""


def _adam_update(parameter, gradient, state, lr, betas, eps):
    step = state.get("step", 0) + 1
    exp_avg = torch.lerp(_buffer(state, "exp_avg", parameter), gradient, 1 - betas[0])
    exp_avg_sq = _average_square(_buffer(state, "exp_avg_sq", parameter), gradient, betas[1])
    mean, square = exp_avg / (1 - betas[0] ** step), exp_avg_sq / (1 - betas[1] ** step)
    updated = parameter - lr * mean / torch.sqrt(square + eps)
    return updated, {"step": step, "exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}
