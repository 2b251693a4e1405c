"""Layers join from the input to the head.

Rejected by: Staying near the start
"""

_from_the_head = unfreeze_schedule


def unfreeze_schedule(layers, epochs, every=1):
    return _from_the_head(layers, epochs, every).flip(1)
