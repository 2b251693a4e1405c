"""The averages are used as they are, far too small in the first steps.

Rejected by: Optimiser steps
"""


def _adam_update(parameter, gradient, state, lr, betas, eps):
    step = state.get("step", 0) + 1
    exp_avg = torch.lerp(_buffer(state, "exp_avg", parameter), gradient, 1 - betas[0])
    exp_avg_sq = _average_square(_buffer(state, "exp_avg_sq", parameter), gradient, betas[1])
    updated = parameter - lr * exp_avg / (exp_avg_sq.sqrt() + eps)
    return updated, {"step": step, "exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}
