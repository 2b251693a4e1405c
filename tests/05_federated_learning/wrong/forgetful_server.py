"""The server's memory is emptied before each round.

Rejected by: Rounds
"""

_remembering = run_rounds


def run_rounds(state, clients, plan, lr, loss, proximal=0.0, kind="average", server_lr=1.0):
    history = []
    options = (lr, loss, proximal, kind, server_lr)
    for batches in plan or [{}]:
        state, losses = _remembering(state, clients, [batches], *options)
        history += losses
    return state, history[: len(plan)]
