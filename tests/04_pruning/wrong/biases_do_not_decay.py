"""Weight decay leaves the biases out.

Rejected by: Prune and fine-tune
"""


@torch.no_grad()
def _sgd_step(parameters, gradients, buffers, lr, momentum, weight_decay):
    for parameter, gradient, buffer in zip(parameters, gradients, buffers, strict=True):
        decay = weight_decay if parameter.ndim > 1 else 0.0
        buffer.mul_(momentum).add_(gradient).add_(parameter, alpha=decay)
        parameter.sub_(buffer, alpha=lr)
