"""The input is added whenever the channels agree, cut to the map of the output.

Rejected by: Inverted residual
"""


class InvertedResidual(InvertedResidual):
    def forward(self, x):
        y = _relu6(self.expand_bn(self.expand(x))) if self.expands else x
        y = _relu6(self.depthwise_bn(self.depthwise(y)))
        y = y * self._gate(y) if self.squeezes else y
        y = self.project_bn(self.project(y))
        stride = self.depthwise.stride[0]
        return x[:, :, ::stride, ::stride] + y if x.shape[1] == y.shape[1] else y
