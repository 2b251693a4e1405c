"""The "check" asks autograd for the gradient instead of looking at the function's values.

Rejected by: Gradient check
"""


def gradient_check(function, point, gradient, step=1e-6):
    x = point.double().clone().requires_grad_()
    function(x).backward()
    size = torch.maximum(x.grad.abs().max(), gradient.abs().max())
    return ((x.grad - gradient).abs().max() / size).item()
