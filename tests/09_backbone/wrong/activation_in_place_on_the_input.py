"""A block without expansion clips its input, in place.

Rejected by: Inverted residual
"""


class InvertedResidual(InvertedResidual):
    def forward(self, x):
        y = self.expand_bn(self.expand(x)) if self.expands else x.data
        y = _relu6(self.depthwise_bn(self.depthwise(_relu6(y))))
        y = y * self._gate(y) if self.squeezes else y
        y = self.project_bn(self.project(y))
        return x + y if self.adds else y
