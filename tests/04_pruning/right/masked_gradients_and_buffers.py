"""Nothing is masked after a step: gradients, decay and buffers of pruned weights are 0."""


def prune_and_finetune(
    layers, inputs, targets, batches, amounts, lr, momentum=0.9, weight_decay=0.0
):
    _check_amounts(amounts, len(batches))
    depth = len(layers)
    parameters = [p.clone() for kind in zip(*layers, strict=True) for p in kind]
    weights, biases = parameters[:depth], parameters[depth:]
    buffers = [torch.zeros_like(p) for p in parameters]
    masks = [torch.ones_like(w, dtype=torch.bool) for w in weights]
    for rows, amount in zip(batches, amounts.tolist(), strict=True):
        if amount:
            masks = global_masks(weights, amount)
        for tensors in (weights, buffers):
            for tensor, mask in zip(tensors, masks, strict=False):
                tensor[~mask] = 0
        with torch.enable_grad():
            leaves = [p.detach().requires_grad_() for p in parameters]
            logits = _logits(list(zip(leaves[:depth], leaves[depth:], strict=True)), inputs[rows])
            loss = logits.logsumexp(1) - logits[torch.arange(len(rows)), targets[rows]]
            gradients = torch.autograd.grad(loss.mean(), leaves)
        for k, (p, g, v) in enumerate(zip(parameters, gradients, buffers, strict=True)):
            g = g + weight_decay * p
            v *= momentum
            v += g * masks[k] if k < len(masks) else g
            p -= lr * v
    return list(zip(weights, biases, strict=True)), masks
