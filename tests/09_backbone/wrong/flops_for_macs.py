"""Multiplications and additions are counted apart.

Rejected by: Counting
"""


@torch.no_grad()
def count_macs(model, input_shape):
    shape = tuple(input_shape)
    _require(min(shape, default=0) >= 1, "sizes from 1", input_shape=shape)
    model = copy.deepcopy(model).eval()
    macs = 0

    def count(layer, inputs, output):
        nonlocal macs
        places = math.prod(output.shape[1:]) // len(layer.weight)
        macs += 2 * layer.weight.numel() * places

    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(count)
    first = next(model.parameters(), torch.empty(0))
    model(first.new_empty(0, *shape))
    return macs
