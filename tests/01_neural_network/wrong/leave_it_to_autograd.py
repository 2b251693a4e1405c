"""Autograd computes what was to be derived by hand.

Rejected by: Backward pass
"""


def backward(parameters, inputs, targets, class_weights=None):
    leaves = [[tensor.requires_grad_() for tensor in layer] for layer in parameters]
    loss = cross_entropy(forward(leaves, inputs), targets, class_weights)
    loss.backward()
    return loss, [(weight.grad, bias.grad) for weight, bias in leaves]
