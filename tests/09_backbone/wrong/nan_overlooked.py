"""Only infinities count as not finite.

Rejected by: Loss scaling
"""


class LossScaler(LossScaler):
    def unscale_(self, optimizer):
        super().unscale_(optimizer)
        groups = [group["params"] for group in optimizer.param_groups]
        gradients = [p.grad for group in groups for p in group if p.grad is not None]
        self._finite[id(optimizer)] = not any(bool(g.isinf().any()) for g in gradients)
