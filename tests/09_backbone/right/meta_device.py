"""Layers are counted on the meta device, through one hook for all modules."""


def count_parameters(model):
    seen = {id(p): p.numel() for layer in model.modules() for p in layer.parameters(recurse=False)}
    return sum(seen.values())


def count_macs(model, input_shape):
    if not input_shape or any(size < 1 for size in input_shape):
        raise ValueError(f"input_shape is {tuple(input_shape)}, expected positive sizes")
    modes = {module: module.training for module in model.modules()}
    model.eval()
    state = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    shadow = {name: tensor.detach().to("meta") for name, tensor in state.items()}
    dtype = next((t.dtype for t in shadow.values()), torch.float32)
    costs = []

    def hook(layer, inputs, output):
        if isinstance(layer, nn.Conv2d):
            height, width = output.shape[-2:]
            kernel = layer.kernel_size[0] * layer.kernel_size[1]
            pairs = layer.in_channels // layer.groups * layer.out_channels
            costs.append(height * width * kernel * pairs)
        elif isinstance(layer, nn.Linear):
            vectors = inputs[0].numel() // layer.in_features
            costs.append(vectors * layer.in_features * layer.out_features)

    handle = nn.modules.module.register_module_forward_hook(hook)
    try:
        image = torch.empty(1, *input_shape, dtype=dtype, device="meta")
        torch.func.functional_call(model, shadow, (image,))
    finally:
        handle.remove()
        for module, mode in modes.items():
            module.training = mode
    return sum(costs)
