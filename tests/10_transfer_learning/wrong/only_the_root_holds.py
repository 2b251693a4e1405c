"""The model's own `train` keeps the part in evaluation; that of the part wakes it up.

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

    def train(mode=True):
        type(model).train(model, mode)
        for part in parts:
            part.eval()
        return model

    if parts and model not in parts:
        model.train = train
    else:
        vars(model).pop("train", None)
    return _frozen(model)
