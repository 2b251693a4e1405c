"""Shares come from a generator that can be seeded, and guessed.

Rejected by: Secret sharing
"""

import random


def additive_shares(secret, parties, modulus):
    _between(2, math.inf, modulus=modulus)
    _between(0, modulus - 1, secret=secret)
    _between(2, math.inf, parties=parties)
    masks = [random.randrange(modulus) for _ in range(parties - 1)]
    return [*masks, (secret - sum(masks)) % modulus]
