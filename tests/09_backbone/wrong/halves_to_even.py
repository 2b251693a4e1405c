"""A half is rounded to the even multiple.

Rejected by: Backbone
"""


def round_channels(channels, divisor=8):
    _above(0, channels=channels)
    _between(1, math.inf, divisor=divisor)
    nearest = max(round(channels / divisor), 1) * divisor
    return nearest if nearest >= 0.9 * channels else nearest + divisor
