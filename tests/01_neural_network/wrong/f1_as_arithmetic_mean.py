"""F1 is the arithmetic mean of precision and recall.

Rejected by: Metrics
"""

_harmonic = classification_scores


def classification_scores(confusion):
    scores = _harmonic(confusion)
    scores["f1"] = (scores["precision"] + scores["recall"]) / 2
    return {**scores, "macro_f1": scores["f1"].mean()}
