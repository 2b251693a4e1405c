"""Every period is as long as the first: the multiplier is read and never used.

Rejected by: Warm restarts
"""


def _places_in_period(steps, first_period, multiplier):
    return steps % first_period, first_period
