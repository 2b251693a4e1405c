"""Networks are dicts of layers, created and applied in a loop over their names."""


class InvertedResidual(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1, expansion=6, squeeze_channels=0):
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride must be 1 or 2, not {stride}")
        if expansion < 1:
            raise ValueError(f"expansion must be 1 or more, not {expansion}")
        if squeeze_channels < 0:
            raise ValueError(f"squeeze_channels must be 0 or more, not {squeeze_channels}")
        hidden = in_channels * expansion
        self.residual = (stride, in_channels) == (1, out_channels)
        table = [("expand", in_channels, hidden, {"kernel_size": 1})] if expansion > 1 else []
        options = {"kernel_size": 3, "stride": stride, "padding": 1, "groups": hidden}
        table += [("depthwise", hidden, hidden, options)]
        table += [("project", hidden, out_channels, {"kernel_size": 1})]
        self.order = [name for name, *_ in table]
        for name, inputs, outputs, options in table:
            self.add_module(name, nn.Conv2d(inputs, outputs, bias=False, **options))
            self.add_module(f"{name}_bn", nn.BatchNorm2d(outputs))
        if squeeze_channels:
            self.squeeze = nn.Conv2d(hidden, squeeze_channels, 1)
            self.excite = nn.Conv2d(squeeze_channels, hidden, 1)

    def forward(self, x):
        y = x
        for name in self.order:
            y = getattr(self, f"{name}_bn")(getattr(self, name)(y))
            if name != "project":
                y = nn.ReLU6()(y)
            if name == "depthwise" and hasattr(self, "squeeze"):
                pooled = functional.adaptive_avg_pool2d(y, 1)
                y = y.mul(torch.sigmoid(self.excite(functional.relu(self.squeeze(pooled)))))
        return y.add(x) if self.residual else y


def round_channels(channels, divisor=8):
    if not channels > 0:
        raise ValueError(f"channels must be above 0, not {channels}")
    if divisor < 1:
        raise ValueError(f"divisor must be 1 or more, not {divisor}")
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def fold_batch_norm(conv, bn):
    # A batch norm is a 1 x 1 convolution with a diagonal weight.
    scale = bn.weight.detach() / torch.sqrt(bn.running_var + bn.eps)
    weight = torch.einsum("o,oikl->oikl", scale, conv.weight.detach())
    bias = torch.zeros_like(scale) if conv.bias is None else conv.bias.detach()
    return weight, bn.bias.detach() + scale * bias - scale * bn.running_mean
