"""`end` is taken for the number of pruning steps, so that the final sparsity comes late.

Rejected by: Cubic schedule
"""

_checked = cubic_schedule


def cubic_schedule(steps, initial, final, begin, end):
    _checked(steps, initial, final, begin, end)
    done = ((torch.arange(steps, dtype=torch.float64) - begin) / end).clamp(0, 1)
    return final + (initial - final) * (1 - done) ** 3
