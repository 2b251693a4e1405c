"""The second factor is the next prime after the first: the root of n gives both away.

Rejected by: Paillier encryption
"""


def paillier_keys(bits):
    _require(bits >= 16 and bits % 2 == 0, "even, 16 or more", bits=bits)
    p = _random_prime(bits // 2)
    q = p - 2 if p > 3 << (bits // 2 - 2) | 31 else p + 2
    while not is_prime(q):
        q += -2 if q < p else 2
    return p * q, (p, q)
