"""Both bias corrections are folded into the rate and epsilon, as the paper's section 2 suggests."""


def _adam_update(parameter, gradient, state, lr, betas, eps):
    first, second = betas
    step = state["step"] + 1 if state else 1
    mean = (1 - first) * gradient + (first * state["exp_avg"] if state else 0)
    square = (1 - second) * gradient**2 + (second * state["exp_avg_sq"] if state else 0)
    correction = (1 - second**step) ** 0.5
    rate = lr * correction / (1 - first**step)
    updated = parameter - rate * mean / (square**0.5 + eps * correction)
    return updated, {"exp_avg_sq": square, "exp_avg": mean, "step": step}
