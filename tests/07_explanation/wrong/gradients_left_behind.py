"""`backward` leaves gradients in the parameters of the model.

Rejected by: Integrated gradients
"""

_clean = integrated_gradients


def integrated_gradients(model, inputs, baseline, steps=50):
    found = _clean(model, inputs, baseline, steps)
    with torch.enable_grad():
        path = inputs.detach().clone().requires_grad_()
        model(path).sum().backward()
    return found
