"""Nothing switches gradients on, so that it fails under `no_grad`.

Rejected by: Integrated gradients
"""

_anywhere = integrated_gradients


def integrated_gradients(model, inputs, baseline, steps=50):
    found = _anywhere(model, inputs, baseline, steps)
    point = inputs.detach().clone().requires_grad_()
    torch.autograd.grad(model(point).sum(), point)
    return found
