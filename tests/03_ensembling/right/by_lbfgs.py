"""torch's L-BFGS minimises, on autograd alone."""


def fit_logistic(features, targets, num_classes, l2):
    if not 0 < l2 < math.inf:
        raise ValueError(f"l2={l2}")
    inputs = features.double()
    with torch.enable_grad():
        weight = torch.zeros(num_classes, inputs.shape[1], dtype=torch.float64).to(inputs.device)
        bias = torch.zeros_like(weight[:, 0])
        parameters = [weight.requires_grad_(), bias.requires_grad_()]
        optimizer = torch.optim.LBFGS(
            parameters,
            max_iter=1000,
            tolerance_grad=2e-7,
            tolerance_change=0,
            line_search_fn="strong_wolfe",
        )

        def closure():
            optimizer.zero_grad()
            loss = functional.cross_entropy(inputs @ weight.T + bias, targets)
            loss = loss + l2 / 2 * weight.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)
    return weight.detach().to(features.dtype), bias.detach().to(features.dtype)
