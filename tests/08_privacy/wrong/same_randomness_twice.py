"""One randomness serves for all encryptions with a key.

Rejected by: Paillier encryption
"""

_units = {}
_fresh_unit = _random_unit


def _random_unit(n):
    return _units.setdefault(n, _fresh_unit(n))
