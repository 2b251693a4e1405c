"""What fits is gathered first, and `load_state_dict` does the loading."""


def load_matching(model, checkpoint, rename=None):
    rules = sorted((rename or {}).items(), key=lambda rule: -len(rule[0]))
    report = {"loaded": [], "missing": [], "mismatched": [], "unexpected": []}
    merged = dict(model.state_dict())
    found = {}
    for name, tensor in checkpoint.items():
        new = next((to + name[len(old) :] for old, to in rules if name.startswith(old)), name)
        if new in found:
            raise ValueError(f"rename makes two names {new!r}")
        found[new] = tensor
        if new not in merged:
            report["unexpected"].append(name)
    for name, tensor in model.state_dict().items():
        if name not in found:
            report["missing"].append(name)
        elif found[name].shape != tensor.shape:
            report["mismatched"].append(name)
        else:
            report["loaded"].append(name)
            merged[name] = found[name]
    if not report["loaded"]:
        raise ValueError(f"checkpoint {[*checkpoint][:3]} has nothing for this model")
    model.load_state_dict(merged)
    return report
