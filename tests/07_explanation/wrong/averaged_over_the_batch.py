"""The mean of the outputs is differentiated, so that a batch shrinks its gradients.

Rejected by: Integrated gradients
"""

_of_each = integrated_gradients


def integrated_gradients(model, inputs, baseline, steps=50):
    return _of_each(model, inputs, baseline, steps) / max(len(inputs), 1)
