"""Least squares on one-hot targets: a classifier too, but of another loss.

Rejected by: Linear probe
"""

_logistic = linear_probe


def linear_probe(features, targets, l2, tolerance=1e-6):
    _logistic(features[:1], targets[:1] * 0, l2, tolerance)
    counts = targets.bincount()
    if not counts.all():
        raise ValueError(f"targets: {int((counts == 0).nonzero()[0])}")
    mean, known = features.mean(0), functional.one_hot(targets).to(features)
    centred = features - mean
    gram = centred.T @ centred / len(features) + l2 * torch.eye(len(mean)).to(features)
    weight = torch.linalg.solve(gram, centred.T @ (known - known.mean(0)) / len(features)).T
    return weight.contiguous(), known.mean(0) - weight @ mean
