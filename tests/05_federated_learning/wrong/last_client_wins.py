"""Every client trains on its own, and the last one's weights become the global ones.

Rejected by: Rounds
"""


def run_rounds(state, clients, plan, lr, loss, proximal=0.0, kind="average", server_lr=1.0):
    state, history = _copied(state), []
    for batches in plan:
        for client, own in batches.items():
            trained = client_update(state, *clients[client], own, lr, loss, proximal)
        state = trained if batches else state
        history.append(_objective(state, clients, loss))
    return state, history
