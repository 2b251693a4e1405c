"""Primes come from a generator that can be seeded.

Rejected by: Paillier encryption
"""

import random


def _random_prime(bits):
    while True:
        candidate = random.getrandbits(bits) | 3 << (bits - 2) | 1
        if is_prime(candidate):
            return candidate
