"""Frozen modules go into evaluation just before each forward pass; handles undo it."""


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
        for handle in vars(module).pop("_handles", ()):
            handle.remove()
    frozen = {module: None for part in parts for module in part.modules()}
    held = {id(p) for part in parts for p in part.parameters()}
    for module in frozen:
        module.training = False
        hook = module.register_forward_pre_hook(lambda m, _: setattr(m, "training", False))
        module.__dict__["_handles"] = [hook]
    for p in model.parameters():
        p.requires_grad = id(p) not in held
        if id(p) in held:
            p.grad = None
    return _frozen(model)
