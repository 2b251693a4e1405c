"""Of two values in the middle the lower one is taken, as torch.median does.

Rejected by: Robust aggregation
"""


def coordinate_median(states):
    _check_alike(states)
    return {
        name: torch.stack([state[name] for state in states]).sort(0).values[(len(states) - 1) // 2]
        for name in states[0]
    }
