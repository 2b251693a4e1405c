"""The path begins at 0 even if the baseline is something else.

Rejected by: Integrated gradients
"""

_from_baseline = integrated_gradients


def integrated_gradients(model, inputs, baseline, steps=50):
    _from_baseline(model, inputs[:0], baseline, steps)
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    total = torch.zeros_like(inputs)
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        point = ((node + 1) / 2 * inputs).detach().requires_grad_()
        with torch.enable_grad():
            total += weight / 2 * torch.autograd.grad(model(point).sum(), point)[0]
    return (inputs - baseline) * total
