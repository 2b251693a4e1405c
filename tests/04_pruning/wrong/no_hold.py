"""The cubic runs on beyond its ends: below `initial` before it, above `final` after it.

Rejected by: Cubic schedule
"""

_checked = cubic_schedule


def cubic_schedule(steps, initial, final, begin, end):
    _checked(steps, initial, final, begin, end)
    remaining = 1 - (torch.arange(steps, dtype=torch.float64) - begin) / (end - begin)
    return final + (initial - final) * remaining**3
