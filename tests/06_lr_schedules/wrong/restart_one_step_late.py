"""The first period is one step too long, and so is the wait for every restart.

Rejected by: Warm restarts
"""

_places = _places_in_period


def _places_in_period(steps, first_period, multiplier):
    return _places(steps, first_period + 1, multiplier)
