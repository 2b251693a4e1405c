"""The gradient is that of the sum over the rows, the loss the mean.

Rejected by: Backward pass
"""

_mean_gradients = _loss_and_gradients


def _loss_and_gradients(parameters, inputs, targets, class_weights):
    loss, gradients = _mean_gradients(parameters, inputs, targets, class_weights)
    return loss, [(len(inputs) * w, len(inputs) * b) for w, b in gradients]
