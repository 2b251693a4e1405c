"""Clients are weighted by the rows that their batches used.

Rejected by: Rounds
"""


def run_rounds(state, clients, plan, lr, loss, proximal=0.0, kind="average", server_lr=1.0):
    state, memory, history = _copied(state), {}, []
    for batches in plan:
        if batches:
            trained = [
                client_update(state, *clients[client], own, lr, loss, proximal)
                for client, own in batches.items()
            ]
            counts = [sum(map(len, own)) for own in batches.values()]
            average = federated_average(trained, counts)
            state, memory = server_update(state, average, memory, kind, server_lr)
        history.append(_objective(state, clients, loss))
    return state, history
