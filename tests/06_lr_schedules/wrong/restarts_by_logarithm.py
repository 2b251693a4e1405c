"""A floating-point logarithm finds the period: some restarts of a long run are one step off.

Rejected by: Warm restarts
"""


def _places_in_period(steps, first_period, multiplier):
    if multiplier == 1:
        return steps % first_period, first_period
    ratio = 1 + steps * (multiplier - 1) / first_period
    index = torch.floor(torch.log(ratio) / math.log(multiplier))
    start = first_period * (multiplier**index - 1) / (multiplier - 1)
    return steps - start, first_period * multiplier**index
