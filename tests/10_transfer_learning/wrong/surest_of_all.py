"""The cap is on all rows together: the easy classes take every place.

Rejected by: Self-training
"""


def _first_of_each(confidence, guesses, count):
    order = confidence.argsort(descending=True, stable=True)
    return order[: count * guesses.shape[1]].sort().values
