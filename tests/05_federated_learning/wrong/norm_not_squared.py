"""The penalty is the norm of the distance instead of half its square.

Rejected by: Local training
"""


@torch.no_grad()
def _proximal_step(weights, gradients, start, lr, proximal):
    away = sum((w - a).square().sum() for w, a in zip(weights, start, strict=True)).sqrt()
    for weight, gradient, anchor in zip(weights, gradients, start, strict=True):
        pull = (weight - anchor) / away if away > 0 else 0
        weight.sub_(gradient + proximal * pull, alpha=lr)
