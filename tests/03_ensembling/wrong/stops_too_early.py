"""Fifty rounds of the right algorithm, whatever the gains say.

Rejected by: Best weights
"""


def best_weights(probabilities, targets):
    given = _at_targets(probabilities, targets).double()
    weights = given.new_full((len(given),), 1 / len(given))
    for _ in range(50):
        weights = weights * (given / (weights @ given)).mean(1)
    return weights.to(probabilities.dtype)
