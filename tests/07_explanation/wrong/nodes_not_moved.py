"""The nodes are left on the interval from -1 to 1.

Rejected by: Integrated gradients
"""

_checked = integrated_gradients


def integrated_gradients(model, inputs, baseline, steps=50):
    _checked(model, inputs[:0], baseline, steps)
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    way = inputs - baseline
    total = torch.zeros_like(inputs)
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        point = (baseline + node * way).detach().requires_grad_()
        with torch.enable_grad():
            total += weight / 2 * torch.autograd.grad(model(point).sum(), point)[0]
    return way * total
