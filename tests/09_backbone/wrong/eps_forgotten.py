"""`eps` is left out.

Rejected by: Batch norm folded
"""


@torch.no_grad()
def fold_batch_norm(conv, bn):
    scale = bn.weight / bn.running_var.sqrt()
    shift = -bn.running_mean if conv.bias is None else conv.bias - bn.running_mean
    return conv.weight * scale.reshape(-1, 1, 1, 1), bn.bias + shift * scale
