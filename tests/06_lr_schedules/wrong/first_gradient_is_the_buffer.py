"""On the first step the buffer is the caller's gradient itself, which will be overwritten.

Rejected by: Optimiser steps
"""


def sgd_step(parameter, gradient, state, lr, momentum=0.9):
    buffer = momentum * state["momentum_buffer"] + gradient if state else gradient
    return parameter - lr * buffer, {"momentum_buffer": buffer}
