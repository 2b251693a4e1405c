"""Macro F1 is made of macro precision and macro recall, instead of averaging the F1 of classes.

Rejected by: Metrics
"""

_of_classes = classification_scores


def classification_scores(confusion):
    scores = _of_classes(confusion)
    p, r = scores["macro_precision"], scores["macro_recall"]
    return {**scores, "macro_f1": 2 * p * r / (p + r) if p + r else p}
