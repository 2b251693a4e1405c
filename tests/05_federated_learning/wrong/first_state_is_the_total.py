"""Everything is added into the first client's own tensors.

Rejected by: Federated average
"""

_as_asked = federated_average


def federated_average(states, counts):
    for name, tensor in _as_asked(states, counts).items():
        states[0][name].copy_(tensor)
    return states[0]
