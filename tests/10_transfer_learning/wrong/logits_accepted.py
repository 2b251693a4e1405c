"""Logits are taken for probabilities, and nearly all of them are above the threshold.

Rejected by: Self-training
"""


def pseudo_label(probabilities, threshold, per_class=None):
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold: {threshold}")
    if per_class is not None and per_class < 1:
        raise ValueError(f"per_class: {per_class}")
    confidence, labels = probabilities.max(1)
    rows = (confidence >= threshold).nonzero().flatten()
    if per_class is not None:
        guesses = functional.one_hot(labels[rows], probabilities.shape[1])
        rows = rows[_first_of_each(confidence[rows], guesses, per_class)]
    return rows, labels[rows]
