"""The peak is at `warm_fraction * total_steps`: the climb takes a step more than its share.

Rejected by: One-cycle
"""


def one_cycle(max_lr, total_steps, warm_fraction=0.3, div=25.0, final_div=1e4):
    steps = _steps(total_steps)
    peak, last, first_lr = warm_fraction * total_steps, total_steps - 1, max_lr / div
    climb = _half_cosine(first_lr, max_lr, steps / peak)
    fall = _half_cosine(max_lr, first_lr / final_div, (steps - peak) / (last - peak))
    return torch.where(steps <= peak, climb, fall)
