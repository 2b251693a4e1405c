"""Adam's moments are used as they are, although they start at zero: the first steps are wrong.

Rejected by: Training
"""


def _step(state, flat, gradient, learning_rate, momentum):
    first, second = state["moments"]
    if state["optimiser"] == "sgd":
        flat -= learning_rate * first.mul_(momentum).add_(gradient)
        return
    first.lerp_(gradient, 0.1)
    second.lerp_(gradient * gradient, 0.001)
    flat -= learning_rate * first / (second.sqrt() + 1e-8)
