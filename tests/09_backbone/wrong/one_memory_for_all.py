"""What one optimiser found holds for the next one.

Rejected by: Loss scaling
"""


class LossScaler(LossScaler):
    def step(self, optimizer):
        if id(optimizer) not in self._finite:
            self.unscale_(optimizer)
        return optimizer.step() if all(self._finite.values()) else None
