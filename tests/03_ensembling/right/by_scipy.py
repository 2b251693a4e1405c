"""Weights and the logistic model come from general-purpose optimisers of SciPy."""

import numpy as np
from scipy import optimize


def best_weights(probabilities, targets):
    given = _at_targets(probabilities, targets).double().cpu().numpy()
    if (given.max(0) == 0).any():
        raise ValueError(f"probabilities: 0 in row {int(given.max(0).argmin())}")

    def loss(weights):
        mixed = np.maximum(weights @ given, 1e-300)
        return -np.log(mixed).mean(), -(given / mixed).mean(1)

    start = np.full(len(given), 1 / len(given))
    simplex = {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like}
    found = optimize.minimize(
        loss,
        start,
        jac=True,
        bounds=[(0, 1)] * len(start),
        constraints=simplex,
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    weights = found.x.clip(0) / found.x.clip(0).sum()
    return torch.tensor(weights, dtype=probabilities.dtype, device=probabilities.device)


def fit_logistic(features, targets, num_classes, l2):
    if not 0 < l2 < math.inf:
        raise ValueError(f"l2 is {l2}, expected more than 0")
    inputs, truth = features.double().cpu(), targets.cpu()
    width = features.shape[1]

    def loss(flat):
        both = torch.tensor(flat).reshape(num_classes, width + 1).requires_grad_()
        weight, bias = both[:, :width], both[:, width]
        with torch.enable_grad():
            fit = functional.cross_entropy(inputs @ weight.T + bias, truth)
            value = fit + l2 / 2 * (weight**2).sum()
            (slope,) = torch.autograd.grad(value, both)
        return value.item(), slope.flatten().numpy()

    options = {"gtol": 1e-7, "ftol": 0, "maxiter": 10_000, "maxfun": 100_000}
    start = np.zeros(num_classes * (width + 1))
    flat = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    both = torch.tensor(flat).reshape(num_classes, width + 1).to(features)
    return both[:, :width].contiguous(), both[:, width].contiguous()
