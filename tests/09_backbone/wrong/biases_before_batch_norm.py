"""The convolutions have biases, which batch norm subtracts again.

Rejected by: Depthwise separable
"""


def _conv_bn(inputs, outputs, kernel_size, stride=1, groups=1):
    padding = kernel_size // 2
    conv = nn.Conv2d(inputs, outputs, kernel_size, stride, padding, groups=groups)
    return conv, nn.BatchNorm2d(outputs)
