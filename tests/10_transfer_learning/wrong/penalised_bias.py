"""The penalty counts the bias.

Rejected by: Linear probe
"""


def _penalised_loss(theta, rows, known, l2):
    log_p = (rows @ theta.T).log_softmax(1)
    value = l2 / 2 * theta.square().sum() - (log_p * known).sum() / len(rows)
    residual = log_p.exp() - known
    return value.item(), residual.T @ rows / len(rows) + l2 * theta
