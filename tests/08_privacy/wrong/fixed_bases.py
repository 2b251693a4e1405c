"""Rabin's test uses the first primes for bases, and composites were made to pass it.

Rejected by: Paillier encryption
"""


def is_prime(number):
    bases = [b for b in range(2, 307) if all(b % d for d in range(2, b))]
    if number < 2 or number in bases:
        return number in bases
    if any(number % b == 0 for b in bases):
        return False
    twos = ((number - 1) & (1 - number)).bit_length() - 1
    return all(_passes(base, number, twos) for base in bases)
