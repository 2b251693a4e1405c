"""The average of squared updates is brought up to date before it is used, without a delta.

Rejected by: Optimiser steps
"""


def adadelta_step(parameter, gradient, state, lr, rho=0.9, eps=1e-6):
    square_avg = _average_square(_buffer(state, "square_avg", parameter), gradient, rho)
    past = rho * _buffer(state, "acc_delta", parameter)
    delta = torch.sqrt((past + eps) / (square_avg + eps)) * gradient
    acc_delta = past + (1 - rho) * delta**2
    return parameter - lr * delta, {"square_avg": square_avg, "acc_delta": acc_delta}
