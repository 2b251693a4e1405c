"""Adam's step counter is not part of the state: its bias correction starts over on resuming.

Rejected by: Training
"""

_onwards = train


def train(state, *args, **kwargs):
    return _onwards({**state, "steps": 0}, *args, **kwargs)
