"""Each new amount is taken of the weights that are left, so that two halves make three quarters.

Rejected by: Prune and fine-tune
"""

_of_all = prune_and_finetune


def prune_and_finetune(layers, inputs, targets, batches, amounts, *options, **named):
    _check_amounts(amounts, len(batches))
    left, before, compounded = 1.0, 0.0, []
    for amount in amounts.tolist():
        left, before = left * (1 - amount if amount > before else 1), amount
        compounded.append(1 - left)
    compounded = torch.tensor(compounded, dtype=torch.float64)
    return _of_all(layers, inputs, targets, batches, compounded, *options, **named)
