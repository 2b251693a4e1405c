"""A prefix is replaced wherever it occurs in a name, also in the middle.

Rejected by: Loading what fits
"""

_at_the_beginning = load_matching


def load_matching(model, checkpoint, rename=None):
    renamed = dict(checkpoint)
    for old, new in (rename or {}).items():
        if old:
            renamed = {name.replace(old, new): tensor for name, tensor in renamed.items()}
    return _at_the_beginning(model, renamed)
