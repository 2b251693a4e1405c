"""Frozen modules run without a graph, so that nothing before them learns.

Rejected by: Freezing that holds
"""

_passing = freeze


def _detached(module, inputs, output):
    return output.detach()


def freeze(model, modules):
    chosen = list(modules)
    names = _passing(model, chosen)
    for name in chosen:
        model.get_submodule(name).register_forward_hook(_detached)
    return names
