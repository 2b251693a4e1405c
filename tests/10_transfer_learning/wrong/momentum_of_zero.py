"""Batch norm stays in training with a momentum of 0: it normalises by the batch.

Rejected by: Freezing that holds
"""


def _known(model, modules):
    parts = dict(model.named_modules())
    chosen = list(modules)
    for name in chosen:
        if name not in parts:
            raise ValueError(f"modules: {name}")
    return [parts[name] for name in chosen]


def _frozen(model):
    return [name for name, p in model.named_parameters() if not p.requires_grad]


def freeze(model, modules):
    parts = _known(model, modules)
    model.requires_grad_(True)
    for part in parts:
        part.requires_grad_(False)
        part.zero_grad()
        for module in part.modules():
            if hasattr(module, "running_mean"):
                module.momentum = 0.0
    return _frozen(model)
