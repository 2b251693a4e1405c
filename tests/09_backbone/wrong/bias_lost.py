"""The bias of the convolution is dropped.

Rejected by: Batch norm folded
"""


@torch.no_grad()
def fold_batch_norm(conv, bn):
    scale = bn.weight / (bn.running_var + bn.eps).sqrt()
    return conv.weight * scale.reshape(-1, 1, 1, 1), bn.bias - bn.running_mean * scale
