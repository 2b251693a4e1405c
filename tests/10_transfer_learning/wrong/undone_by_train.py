"""The frozen part is put into evaluation once, until the next `model.train()`.

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
        part.requires_grad_(False).eval()
        part.zero_grad()
    return _frozen(model)
