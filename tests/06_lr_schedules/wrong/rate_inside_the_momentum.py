"""The buffer holds rate times gradient: after a drop the old, larger rate lives on in it.

Rejected by: Optimiser steps
"""


def sgd_step(parameter, gradient, state, lr, momentum=0.9):
    buffer = momentum * _buffer(state, "momentum_buffer", parameter) + lr * gradient
    return parameter - buffer, {"momentum_buffer": buffer}
