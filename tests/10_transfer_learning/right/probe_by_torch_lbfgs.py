"""torch's own L-BFGS with its line search, called until the gradient is small."""


def linear_probe(features, targets, l2, tolerance=1e-6):
    if not l2 > 0:
        raise ValueError(f"l2: {l2}")
    if not tolerance > 0:
        raise ValueError(f"tolerance: {tolerance}")
    classes = int(targets.max()) + 1
    for k in range(classes):
        if k not in targets:
            raise ValueError(f"targets: no {k}")
    x = features.detach().double()
    weight, bias = x.new_zeros(classes, x.shape[1]), x.new_zeros(classes)
    leaves = [weight.requires_grad_(), bias.requires_grad_()]
    optimizer = torch.optim.LBFGS(
        leaves,
        max_iter=5000,
        max_eval=10_000,
        history_size=30,
        tolerance_grad=tolerance / 2,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        loss = functional.cross_entropy(x @ weight.T + bias, targets) + l2 / 2 * (weight**2).sum()
        loss.backward()
        return loss

    for _ in range(20):
        optimizer.step(closure)
        closure()
        if max(p.grad.abs().max().item() for p in leaves) <= tolerance:
            break
    return tuple(p.detach().to(features.dtype) for p in leaves)
