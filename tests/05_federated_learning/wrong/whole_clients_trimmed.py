"""Clients with the smallest and largest norms go, with all their entries.

Rejected by: Robust aggregation
"""


def trimmed_mean(states, trim):
    _from_to_below(0, 0.5, trim=trim)
    _check_alike(states)
    cut = int(trim * len(states))

    def norm(state):
        return sum(tensor.double().square().sum().item() for tensor in state.values())

    left = sorted(states, key=norm)[cut : len(states) - cut]
    return federated_average(left, [1] * len(left))
