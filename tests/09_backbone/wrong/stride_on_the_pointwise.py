"""The stride is that of the second convolution.

Rejected by: Depthwise separable
"""


class DepthwiseSeparable(DepthwiseSeparable):
    def __init__(self, in_channels, out_channels, stride=1, kernel_size=3):
        super().__init__(in_channels, out_channels, stride, kernel_size)
        self.depthwise.stride, self.pointwise.stride = (1, 1), (stride, stride)
