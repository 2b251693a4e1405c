"""Layers are sorted by name: module 10 comes before module 2.

Rejected by: Layer-wise rates
"""

_by_place = layer_groups


def layer_groups(model, lr, decay, weight_decay):
    _by_place(model, lr, decay, weight_decay)
    children = dict(model.named_children())
    ordered = nn.Module()
    for name in sorted(children):
        ordered.add_module(name, children[name])
    for name, p in model.named_parameters(recurse=False):
        ordered.register_parameter(name, p)
    return _by_place(ordered, lr, decay, weight_decay)
