"""The sum is kept up to date in the state that the caller still holds.

Rejected by: Optimiser steps
"""


def adagrad_step(parameter, gradient, state, lr, eps=1e-10):
    _check_gradient(parameter, gradient)
    total = _buffer(state, "sum", parameter)
    total += gradient**2
    return parameter - lr * gradient / (total.sqrt() + eps), {"sum": total}
