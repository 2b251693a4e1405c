"""The narrow end of the block has an activation.

Rejected by: Inverted residual
"""


class InvertedResidual(InvertedResidual):
    def forward(self, x):
        y = _relu6(self.expand_bn(self.expand(x))) if self.expands else x
        y = _relu6(self.depthwise_bn(self.depthwise(y)))
        y = y * self._gate(y) if self.squeezes else y
        y = _relu6(self.project_bn(self.project(y)))
        return x + y if self.adds else y
