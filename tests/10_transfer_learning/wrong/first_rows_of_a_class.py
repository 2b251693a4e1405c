"""Of each class the first rows are taken, not the surest.

Rejected by: Self-training
"""


def _first_of_each(confidence, guesses, count):
    place = (guesses.cumsum(0) * guesses).sum(1)
    return (place <= count).nonzero().flatten()
