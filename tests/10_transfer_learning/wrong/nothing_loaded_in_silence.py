"""A checkpoint that fits nowhere is accepted, as by `strict=False`, and nothing is loaded.

Rejected by: Loading what fits
"""


def load_matching(model, checkpoint, rename=None):
    beginnings = {"": "", **(rename or {})}
    names = {}
    for name in checkpoint:
        begin = max(filter(name.startswith, beginnings), key=len)
        renamed = beginnings[begin] + name[len(begin) :]
        if renamed in names:
            raise ValueError(f"rename: {renamed}")
        names[renamed] = name
    state = model.state_dict()
    fits = {n: state[n].shape == checkpoint[names[n]].shape for n in state if n in names}
    chosen = {n: checkpoint[names[n]] for n, same in fits.items() if same}
    model.load_state_dict(chosen, strict=False)
    return {
        "loaded": list(chosen),
        "missing": [n for n in state if n not in names],
        "mismatched": [n for n, same in fits.items() if not same],
        "unexpected": [old for new, old in names.items() if new not in state],
    }
