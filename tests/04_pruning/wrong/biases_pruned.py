"""Biases are ranked and pruned with the weights.

Rejected by: Prune and fine-tune
"""


def prune_and_finetune(
    layers, inputs, targets, batches, amounts, lr, momentum=0.9, weight_decay=0.0
):
    _check_amounts(amounts, len(batches))
    trained = [(weight.clone(), bias.clone()) for weight, bias in layers]
    weights = [weight for weight, _ in trained]
    parameters = [p.requires_grad_() for layer in trained for p in layer]
    buffers = [torch.zeros_like(p) for p in parameters]
    masks, pruned = [torch.ones_like(w, dtype=torch.bool) for w in weights], 0.0
    for rows, amount in zip(batches, amounts.tolist(), strict=True):
        if amount > pruned:
            chosen, pruned = global_masks([p.detach() for p in parameters], amount), amount
            _clear(parameters, chosen)
            masks = chosen[::2]
        loss = functional.cross_entropy(_logits(trained, inputs[rows]), targets[rows])
        gradients = torch.autograd.grad(loss, parameters)
        _sgd_step(parameters, gradients, buffers, lr, momentum, weight_decay)
        _clear(weights, masks)
    return [(w.detach(), b.detach()) for w, b in trained], masks
