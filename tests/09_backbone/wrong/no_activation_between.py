"""There is no activation between the two convolutions.

Rejected by: Depthwise separable
"""


class DepthwiseSeparable(DepthwiseSeparable):
    def forward(self, x):
        x = self.depthwise_bn(self.depthwise(x))
        return _relu6(self.pointwise_bn(self.pointwise(x)))
