"""The last rate is the peak divided by `final_div`, not the first rate divided by it.

Rejected by: One-cycle
"""


def one_cycle(max_lr, total_steps, warm_fraction=0.3, div=25.0, final_div=1e4):
    steps = _steps(total_steps)
    peak, last = warm_fraction * total_steps - 1, total_steps - 1
    climb = _half_cosine(max_lr / div, max_lr, steps / peak)
    fall = _half_cosine(max_lr, max_lr / final_div, (steps - peak) / (last - peak))
    return torch.where(steps <= peak, climb, fall)
