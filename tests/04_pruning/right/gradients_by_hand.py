"""No autograd: the gradient is propagated back by hand, and steps are functions of the state."""


def _gradients(weights, biases, inputs, targets):
    seen = [inputs]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        seen.append((seen[-1] @ weight.T + bias).clamp(min=0))
    delta = torch.softmax(seen[-1] @ weights[-1].T + biases[-1], 1)
    delta[torch.arange(len(targets)), targets] -= 1
    delta = delta / len(targets)
    by_weight, by_bias = [], []
    for weight, activation in zip(reversed(weights), reversed(seen), strict=True):
        by_weight.insert(0, delta.T @ activation)
        by_bias.insert(0, delta.sum(0))
        delta = (delta @ weight) * (activation > 0)
    return [*by_weight, *by_bias]


def prune_and_finetune(
    layers, inputs, targets, batches, amounts, lr, momentum=0.9, weight_decay=0.0
):
    _check_amounts(amounts, len(batches))
    depth = len(layers)
    state = [w.clone() for w, _ in layers] + [b.clone() for _, b in layers]
    velocity = [0.0] * (2 * depth)
    masks = global_masks(state[:depth], 0.0)
    for step, rows in enumerate(batches):
        if step == 0 or amounts[step] > amounts[step - 1]:
            masks = global_masks(state[:depth], amounts[step].item())
            state[:depth] = apply_masks(state[:depth], masks)
        gradients = _gradients(state[:depth], state[depth:], inputs[rows], targets[rows])
        pairs = list(zip(state, gradients, velocity, strict=True))
        velocity = [momentum * v + (g + weight_decay * p) for p, g, v in pairs]
        state = [p - lr * v for p, v in zip(state, velocity, strict=True)]
        state[:depth] = apply_masks(state[:depth], masks)
    return list(zip(state[:depth], state[depth:], strict=True)), masks
