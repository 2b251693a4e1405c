"""Losses row by row in Python numbers, or by a library's stable primitives."""


def cross_entropy(logits, targets, class_weights=None):
    _require_classification(logits, targets, class_weights)
    total, weight = 0.0, 0.0
    for row, label in zip(logits.double().tolist(), targets.tolist(), strict=True):
        top = max(row)
        loss = top + math.log(math.fsum(math.exp(z - top) for z in row)) - row[label]
        share = 1.0 if class_weights is None else float(class_weights[label])
        total, weight = total + share * loss, weight + share
    return logits.new_tensor(total / weight)


def binary_log_loss(logits, targets):
    _require_alike("targets of a binary loss", targets, logits)
    _require_each((targets >= 0) & (targets <= 1), "targets of a binary loss", targets)
    softplus = torch.logaddexp(logits, torch.zeros_like(logits))
    return (softplus - targets.to(logits.dtype) * logits).mean()


def hinge(scores, targets):
    _require_alike("targets of hinge", targets, scores)
    _require_each(targets.abs() == 1, "targets of hinge", targets)
    return torch.relu(1 - scores * targets.to(scores.dtype)).sum() / scores.numel()


def mse(predictions, targets):
    _require_alike("targets of a regression", targets, predictions)
    error = (predictions - targets).flatten()
    return error.dot(error) / len(error)
