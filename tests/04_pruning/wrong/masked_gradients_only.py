"""Gradients are masked and weights are not: momentum and decay of their past revive them.

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
            masks, pruned = global_masks([w.detach() for w in weights], amount), amount
            _clear(weights, masks)
        loss = functional.cross_entropy(_logits(trained, inputs[rows]), targets[rows])
        gradients = torch.autograd.grad(loss, parameters)
        _clear(gradients[::2], masks)
        _sgd_step(parameters, gradients, buffers, lr, momentum, weight_decay)
    return [(w.detach(), b.detach()) for w, b in trained], masks
