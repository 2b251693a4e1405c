"""One model is handed from client to client: sequential training in a federated dress.

Rejected by: Rounds
"""


def run_rounds(state, clients, plan, lr, loss, proximal=0.0, kind="average", server_lr=1.0):
    state, history = _copied(state), []
    for batches in plan:
        for client, own in batches.items():
            state = client_update(state, *clients[client], own, lr, loss, proximal)
        history.append(_objective(state, clients, loss))
    return state, history
