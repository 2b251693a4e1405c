"""Whatever begins with the name is frozen: module 10 with module 1.

Rejected by: Freezing that holds
"""

_by_name = freeze


def freeze(model, modules):
    wanted = list(modules)
    _by_name(model, wanted)
    every = [name for name, _ in model.named_modules()]
    return _by_name(model, [name for name in every if any(name.startswith(w) for w in wanted)])
