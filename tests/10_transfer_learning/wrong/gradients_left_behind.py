"""Old gradients stay, so that momentum and weight decay go on moving frozen weights.

Rejected by: Freezing that holds
"""

_without_gradients = freeze


def freeze(model, modules):
    gradients = [p.grad for p in model.parameters()]
    names = _without_gradients(model, modules)
    for p, gradient in zip(model.parameters(), gradients, strict=True):
        p.grad = gradient
    return names
