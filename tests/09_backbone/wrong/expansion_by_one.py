"""A block with an expansion of 1 has the expanding convolution all the same.

Rejected by: Inverted residual
"""


class InvertedResidual(InvertedResidual):
    def __init__(self, in_channels, out_channels, stride=1, expansion=6, squeeze_channels=0):
        super().__init__(in_channels, out_channels, stride, expansion, squeeze_channels)
        self.expands = True
        self.expand, self.expand_bn = _conv_bn(in_channels, in_channels * expansion, 1)
