"""The server averages weights over time, not the clients' drift.

Rejected by: Server optimisers
"""

_by_drift = server_update


def server_update(
    state, average, memory, kind="average", lr=1.0, momentum=0.9, decay=0.99, tau=1e-3
):
    if kind != "momentum":
        return _by_drift(state, average, memory, kind, lr, momentum, decay, tau)
    moved = {name: momentum * state[name] + (1 - momentum) * average[name] for name in state}
    return moved, {}
