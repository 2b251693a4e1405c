"""The polynomial has exactly the highest degree, so that fewer shares exclude some secrets.

Rejected by: Secret sharing
"""


def shamir_shares(secret, threshold, parties, prime):
    _between(0, prime - 1, secret=secret)
    _between(1, prime - 1, parties=parties)
    _between(1, parties, threshold=threshold)
    powers = [secret, *(secrets.randbelow(prime) for _ in range(threshold - 1))]
    if threshold > 1:
        powers[-1] = 1 + secrets.randbelow(prime - 1)
    return [(x, sum(c * x**k for k, c in enumerate(powers)) % prime) for x in range(1, parties + 1)]
