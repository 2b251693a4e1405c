"""The cap is on all rows together: the easy classes take every place.

Rejected by: Self-training
"""


def _first_of_each(confidence, labels, count):
    classes = int(labels.max()) + 1 if len(labels) else 0
    order = confidence.sort(descending=True, stable=True).indices
    return order[: count * classes].sort().values
