"""Channels may lose more than a tenth by rounding.

Rejected by: Backbone
"""


def round_channels(channels, divisor=8):
    _above(0, channels=channels)
    _between(1, math.inf, divisor=divisor)
    return max(math.floor(channels / divisor + 0.5), 1) * divisor
