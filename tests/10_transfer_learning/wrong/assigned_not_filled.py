"""The checkpoint's tensors take the place of the model's: dtypes change, optimisers are orphaned.

Rejected by: Loading what fits
"""

_filling = load_matching


def load_matching(model, checkpoint, rename=None):
    report = _filling(model, checkpoint, rename)
    beginnings = {"": "", **(rename or {})}
    renamed = {}
    for name, tensor in checkpoint.items():
        begin = max(filter(name.startswith, beginnings), key=len)
        renamed[beginnings[begin] + name[len(begin) :]] = tensor
    chosen = {name: renamed[name] for name in report["loaded"]}
    model.load_state_dict(chosen, strict=False, assign=True)
    return report
