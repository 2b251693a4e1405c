"""Gradient descent for a fixed number of steps, whatever is left of the gradient.

Rejected by: Linear probe
"""


def _minimise(objective, point, tolerance, curvature):
    for _ in range(100):
        _, gradient = objective(point)
        point = point - 0.5 * gradient
    return point
