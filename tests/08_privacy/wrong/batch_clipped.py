"""The whole batch is scaled by one norm, instead of each example by its own.

Rejected by: Per-sample gradients
"""


def clip_gradients(gradients, max_norm):
    _above(0, max_norm=max_norm)
    norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
    return [g * min(1.0, max_norm / norm) if norm else g.clone() for g in gradients]
