"""The gate is a hard sigmoid, as in MobileNetV3.

Rejected by: Inverted residual
"""


class InvertedResidual(InvertedResidual):
    def _gate(self, y):
        pooled = y.mean((2, 3), keepdim=True)
        return functional.hardsigmoid(self.excite(self.squeeze(pooled).relu()))
