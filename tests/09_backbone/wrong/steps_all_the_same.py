"""The step is taken with gradients that are not finite.

Rejected by: Loss scaling
"""


class LossScaler(LossScaler):
    def step(self, optimizer):
        if id(optimizer) not in self._finite:
            self.unscale_(optimizer)
        return optimizer.step()
