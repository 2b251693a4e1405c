"""Primes are told by Fermat's test, which Carmichael numbers pass.

Rejected by: Paillier encryption
"""


def is_prime(number):
    if number < 4:
        return number > 1
    bases = (secrets.randbelow(number - 3) + 2 for _ in range(20))
    return all(math.gcd(b, number) > 1 or pow(b, number - 1, number) == 1 for b in bases)
