"""Weights are the inverse of each member's own log-loss.

Rejected by: Best weights
"""


def best_weights(probabilities, targets):
    loss = -_at_targets(probabilities, targets).double().log().mean(1)
    return (1 / loss / (1 / loss).sum()).to(probabilities.dtype)
