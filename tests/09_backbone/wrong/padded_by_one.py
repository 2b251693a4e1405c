"""The padding is 1, whatever the kernel.

Rejected by: Depthwise separable
"""


def _conv_bn(inputs, outputs, kernel_size, stride=1, groups=1):
    conv = nn.Conv2d(inputs, outputs, kernel_size, stride, int(kernel_size > 1), groups=groups)
    conv.bias = None
    return conv, nn.BatchNorm2d(outputs)
