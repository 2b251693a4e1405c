"""Encryption draws from a generator that can be seeded.

Rejected by: Paillier encryption
"""

import random


def _random_unit(n):
    while True:
        unit = random.randrange(1, n)
        if math.gcd(unit, n) == 1:
            return unit
