"""Weight decay shrinks the parameter directly and does not enter the momentum buffer.

Rejected by: Prune and fine-tune
"""


@torch.no_grad()
def _sgd_step(parameters, gradients, buffers, lr, momentum, weight_decay):
    for parameter, gradient, buffer in zip(parameters, gradients, buffers, strict=True):
        buffer.mul_(momentum).add_(gradient)
        parameter.mul_(1 - lr * weight_decay).sub_(buffer, alpha=lr)
