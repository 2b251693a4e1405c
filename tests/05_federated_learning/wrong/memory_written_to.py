"""The moments are updated in the memory that was passed.

Rejected by: Server optimisers
"""

_as_asked = server_update


def server_update(
    state, average, memory, kind="average", lr=1.0, momentum=0.9, decay=0.99, tau=1e-3
):
    moved, later = _as_asked(state, average, memory, kind, lr, momentum, decay, tau)
    memory.update(later)
    return moved, memory
