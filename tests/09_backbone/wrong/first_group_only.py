"""Only the first group of parameters is divided and looked at.

Rejected by: Loss scaling
"""


class LossScaler(LossScaler):
    def unscale_(self, optimizer):
        kept = optimizer.param_groups
        optimizer.param_groups = kept[:1]
        super().unscale_(optimizer)
        optimizer.param_groups = kept
