"""Squeeze and excitation comes before the activation.

Rejected by: Inverted residual
"""


class InvertedResidual(InvertedResidual):
    def forward(self, x):
        y = _relu6(self.expand_bn(self.expand(x))) if self.expands else x
        y = self.depthwise_bn(self.depthwise(y))
        y = _relu6(y * self._gate(y)) if self.squeezes else _relu6(y)
        y = self.project_bn(self.project(y))
        return x + y if self.adds else y
