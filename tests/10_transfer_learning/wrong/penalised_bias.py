"""The penalty counts the bias.

Rejected by: Linear probe
"""


def _penalised_loss(theta, rows, known, l2):
    log_p = (theta @ rows.T).log_softmax(0)
    value = l2 / 2 * theta.square().sum() - (log_p * known).sum() / len(rows)
    residual = log_p.exp() - known
    return value.item(), residual @ rows / len(rows) + l2 * theta
