"""The history is the mean of the clients' losses, not weighted by their rows.

Rejected by: Rounds
"""


@torch.no_grad()
def _objective(state, clients, loss):
    able = [(inputs, targets) for inputs, targets in clients if len(inputs)]
    return sum(loss(state, *rows).item() for rows in able) / len(able)
