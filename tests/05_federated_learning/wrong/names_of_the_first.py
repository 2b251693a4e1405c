"""Whatever the first state does not name is dropped without a word.

Rejected by: Federated average
"""


def _check_alike(states, argument="states"):
    _not_empty(**{argument: states})
