"""Metrics by other routes: one-hot products, the trapezoids under the ROC curve, norms."""


def confusion_matrix(targets, predictions, num_classes):
    _require_labels("targets", targets, targets.numel(), num_classes)
    _require_labels("predictions", predictions, len(targets), num_classes)
    classes = torch.arange(num_classes, device=targets.device)
    truth, taken = (x[:, None] == classes for x in (targets, predictions))
    return (truth[:, :, None] & taken[:, None, :]).sum(dim=0)


def roc_auc(targets, scores):
    _require_each((targets == 1) | (targets == 0), "targets of roc_auc", targets)
    positive = (targets == 1).double()
    _require(0 < positive.sum() < len(positive), "targets of roc_auc", positive[:1].tolist())
    fits = scores.shape == targets.shape and not bool(scores.isnan().any())
    _require(fits, "scores", tuple(scores.shape))
    scores, order = scores.sort(descending=True)
    last_of_its_level = torch.cat([scores[1:] != scores[:-1], positive.new_ones(1).bool()])
    hits = positive[order].cumsum(dim=0)[last_of_its_level]
    misses = (1 - positive[order]).cumsum(dim=0)[last_of_its_level]
    origin = positive.new_zeros(1)
    hits, misses = torch.cat([origin, hits]), torch.cat([origin, misses])
    return torch.trapezoid(hits / hits[-1], misses / misses[-1])


def rmse(predictions, targets):
    _require_alike("targets of a regression", targets, predictions)
    return torch.linalg.vector_norm(predictions - targets) / math.sqrt(targets.numel())
