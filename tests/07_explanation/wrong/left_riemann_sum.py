"""The path is cut into equal steps, and each is judged by its beginning.

Rejected by: Integrated gradients
"""

_checked = integrated_gradients


def integrated_gradients(model, inputs, baseline, steps=50):
    _checked(model, inputs[:0], baseline, steps)
    way = inputs - baseline
    total = torch.zeros_like(inputs)
    for node in [k / steps for k in range(steps)]:
        point = (baseline + node * way).detach().requires_grad_()
        with torch.enable_grad():
            total += torch.autograd.grad(model(point).sum(), point)[0]
    return way * total / steps
