"""The optimiser's moments are not part of the state: a resumed run starts without momentum.

Rejected by: Training
"""

_onwards = train


def train(state, *args, **kwargs):
    moments = tuple(torch.zeros_like(moment) for moment in state["moments"])
    return _onwards({**state, "moments": moments}, *args, **kwargs)
