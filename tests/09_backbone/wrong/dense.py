"""Groups are forgotten: the depthwise convolution mixes all channels.

Rejected by: Depthwise separable
"""

_grouped = _conv_bn


def _conv_bn(inputs, outputs, kernel_size, stride=1, groups=1):
    return _grouped(inputs, outputs, kernel_size, stride)
