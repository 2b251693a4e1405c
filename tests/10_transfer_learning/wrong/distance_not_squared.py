"""The penalty is the distance, not its square: it never lets go.

Rejected by: Staying near the start
"""

_squared = l2_sp


def l2_sp(weights, start, alpha, beta):
    return (
        alpha / 2 * (2 * _squared(weights, start, 1.0, 0.0)).sqrt()
        + beta / 2 * (2 * _squared(weights, start, 0.0, 1.0)).sqrt()
        + 0 * _squared(weights, start, alpha, beta)
    )
