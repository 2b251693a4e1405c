"""The momentum buffer is an average: the gradient enters with `1 - momentum`.

Rejected by: Prune and fine-tune
"""


@torch.no_grad()
def _sgd_step(parameters, gradients, buffers, lr, momentum, weight_decay):
    for parameter, gradient, buffer in zip(parameters, gradients, buffers, strict=True):
        decayed = gradient + weight_decay * parameter
        buffer.mul_(momentum).add_(decayed, alpha=1 - momentum)
        parameter.sub_(buffer, alpha=lr)
