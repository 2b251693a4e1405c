"""Depthwise convolutions are sums of shifted maps, 1 x 1 ones products of matrices."""


def _depthwise(conv, x):
    (stride, _), (size, _) = conv.stride, conv.kernel_size
    height, width = (-(-side // stride) for side in x.shape[2:])
    x = functional.pad(x, [size // 2] * 4)
    total = 0
    for i in range(size):
        for j in range(size):
            rows = x[:, :, i : i + stride * (height - 1) + 1 : stride]
            shifted = rows[:, :, :, j : j + stride * (width - 1) + 1 : stride]
            total = total + shifted * conv.weight[:, 0, i, j].reshape(-1, 1, 1)
    return total


def _pointwise(conv, x):
    return torch.einsum("oi,nihw->nohw", conv.weight[:, :, 0, 0], x)


class DepthwiseSeparable(DepthwiseSeparable):
    def forward(self, x):
        x = self.depthwise_bn(_depthwise(self.depthwise, x)).clamp(0, 6)
        return self.pointwise_bn(_pointwise(self.pointwise, x)).clamp(0, 6)


class InvertedResidual(InvertedResidual):
    def forward(self, x):
        y = x
        if self.expands:
            y = self.expand_bn(_pointwise(self.expand, x)).clamp(0, 6)
        y = self.depthwise_bn(_depthwise(self.depthwise, y)).clamp(0, 6)
        if self.squeezes:
            mean = y.flatten(2).mean(2)
            hidden = functional.linear(mean, self.squeeze.weight.flatten(1), self.squeeze.bias)
            gate = functional.linear(hidden.relu(), self.excite.weight.flatten(1), self.excite.bias)
            y = torch.einsum("nchw,nc->nchw", y, gate.sigmoid())
        y = self.project_bn(_pointwise(self.project, y))
        return y + x if self.adds else y
