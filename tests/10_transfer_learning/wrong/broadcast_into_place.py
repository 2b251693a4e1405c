"""A tensor of another shape is copied if it broadcasts, and reported as loaded.

Rejected by: Loading what fits
"""


def _fits(target, source):
    try:
        return torch.broadcast_shapes(target.shape, source.shape) == target.shape
    except RuntimeError:
        return False


_exactly = load_matching


def load_matching(model, checkpoint, rename=None):
    state = model.state_dict()
    grown = {
        name: tensor.expand_as(state[name])
        if name in state and _fits(state[name], tensor)
        else tensor
        for name, tensor in checkpoint.items()
    }
    return _exactly(model, grown, rename)
