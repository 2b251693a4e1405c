"""The caller's own weights are trained.

Rejected by: Prune and fine-tune
"""

_on_copies = prune_and_finetune


def prune_and_finetune(layers, *arguments, **named):
    trained, masks = _on_copies(layers, *arguments, **named)
    for (weight, bias), (new_weight, new_bias) in zip(layers, trained, strict=True):
        weight.copy_(new_weight)
        bias.copy_(new_bias)
    return list(layers), masks
