"""The bias of the convolution is added as it is.

Rejected by: Batch norm folded
"""


@torch.no_grad()
def fold_batch_norm(conv, bn):
    scale = bn.weight / (bn.running_var + bn.eps).sqrt()
    weight, bias = conv.weight * scale.reshape(-1, 1, 1, 1), bn.bias - bn.running_mean * scale
    bias = bias if conv.bias is None else bias + conv.bias
    return weight, bias
