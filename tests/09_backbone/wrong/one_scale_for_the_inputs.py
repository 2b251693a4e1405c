"""All rows of the inputs share one scale.

Rejected by: Eight bits
"""


def int8_linear(inputs, weight, scale, bias=None):
    integers, step = quantise(inputs.reshape(1, -1))
    outputs = int8_matmul(integers.reshape(inputs.shape), weight) * step * scale
    return outputs if bias is None else outputs + bias
