"""What an earlier call froze stays frozen.

Rejected by: Freezing that holds
"""

_exactly = freeze


def freeze(model, modules):
    before = [name for name, m in model.named_modules() if "train" in vars(m)]
    return _exactly(model, [*modules, *before])
