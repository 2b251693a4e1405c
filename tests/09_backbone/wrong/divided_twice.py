"""`step` divides gradients that `unscale_` has divided before.

Rejected by: Loss scaling
"""


class LossScaler(LossScaler):
    def step(self, optimizer):
        self._finite.pop(id(optimizer), None)
        self.unscale_(optimizer)
        return optimizer.step() if self._finite[id(optimizer)] else None
