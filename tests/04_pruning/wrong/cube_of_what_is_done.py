"""The cube is taken of what is done instead of what remains: slow first, then a cliff.

Rejected by: Cubic schedule
"""

_checked = cubic_schedule


def cubic_schedule(steps, initial, final, begin, end):
    _checked(steps, initial, final, begin, end)
    done = ((torch.arange(steps, dtype=torch.float64) - begin) / (end - begin)).clamp(0, 1)
    return initial + (final - initial) * done**3
