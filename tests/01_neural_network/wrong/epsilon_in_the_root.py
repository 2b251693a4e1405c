"""Adam's epsilon stands inside the square root.

Rejected by: Training
"""


def _step(state, flat, gradient, learning_rate, momentum):
    state["steps"] += 1
    first, second = state["moments"]
    if state["optimiser"] == "sgd":
        flat -= learning_rate * first.mul_(momentum).add_(gradient)
        return
    first.lerp_(gradient, 0.1)
    second.lerp_(gradient * gradient, 0.001)
    m, v = first / (1 - 0.9 ** state["steps"]), second / (1 - 0.999 ** state["steps"])
    flat -= learning_rate * m / (v + 1e-8).sqrt()
