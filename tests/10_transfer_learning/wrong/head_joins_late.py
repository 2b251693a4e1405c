"""Nothing is trained before the first `every` epochs are over.

Rejected by: Staying near the start
"""

_at_once = unfreeze_schedule


def unfreeze_schedule(layers, epochs, every=1):
    _at_once(layers, epochs, every)
    return torch.arange(layers) >= layers - (torch.arange(epochs) // every)[:, None]
