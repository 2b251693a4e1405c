"""Gradients are not divided before the step.

Rejected by: Loss scaling
"""


class LossScaler(LossScaler):
    def unscale_(self, optimizer):
        before = self._state["scale"]
        self._state["scale"] = 1.0
        super().unscale_(optimizer)
        self._state["scale"] = before
