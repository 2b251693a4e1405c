"""A frozen module becomes one of a subclass whose `train` does nothing."""


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
    for module in model.modules():
        module.__class__ = getattr(type(module), "thawed", type(module))
    model.requires_grad_(True)
    for module in {m for part in parts for m in part.modules()}:
        module.eval()
        kind = type(module)
        module.__class__ = type(
            kind.__name__, (kind,), {"thawed": kind, "train": lambda m, _=True: m}
        )
        for p in module.parameters(recurse=False):
            p.requires_grad_(False).grad = None
    return _frozen(model)
