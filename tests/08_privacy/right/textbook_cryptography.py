"""Shares by Newton interpolation, primes by a Lucas test, Paillier as in the paper."""

import os


def _below(limit):
    size = limit.bit_length() // 8 + 9  # 64 bits more than needed: the bias is 2**-64
    return int.from_bytes(os.urandom(size), "big") % limit


def additive_shares(secret, parties, modulus):
    if modulus < 2:
        raise ValueError(f"modulus={modulus}")
    if not 0 <= secret < modulus:
        raise ValueError(f"secret={secret}")
    if parties < 2:
        raise ValueError(f"parties={parties}")
    shares = [secret]
    for _ in range(parties - 1):
        share = _below(modulus)
        shares[0] = (shares[0] - share) % modulus
        shares.append(share)
    return shares


def shamir_secret(shares, prime):
    if not shares:
        raise ValueError("shares is []")
    places, values = map(list, zip(*shares, strict=True))
    for x in places:
        if not 1 <= x < prime or places.count(x) > 1:
            raise ValueError(f"shares: {x}")
    for depth in range(1, len(places)):  # divided differences, in place
        for i in range(len(places) - 1, depth - 1, -1):
            step = pow(places[i] - places[i - depth], -1, prime)
            values[i] = (values[i] - values[i - 1]) * step % prime
    secret = 0
    for x, value in zip(reversed(places), reversed(values), strict=True):
        secret = (value - secret * x) % prime
    return secret


def _jacobi(a, n):
    a, sign = a % n, 1
    while a:
        while a % 2 == 0:
            a //= 2
            sign = -sign if n % 8 in (3, 5) else sign
        a, n = n, a
        sign = -sign if a % 4 == n % 4 == 3 else sign
        a %= n
    return sign if n == 1 else 0


def _lucas(n):
    d = next(
        d for k in range(5, 10**6, 2) for d in [k if k % 4 == 1 else -k] if _jacobi(d, n) == -1
    )
    p, q = 1, (1 - d) // 4
    u, v, power = 0, 2, 1
    for bit in f"{n + 1:b}":
        u, v, power = u * v % n, (v * v - 2 * power) % n, power * power % n
        if bit == "1":
            u, v = p * u + v, d * u + p * v
            u, v = (u + n * (u % 2)) // 2 % n, (v + n * (v % 2)) // 2 % n
            power = power * q % n
    return u == 0


def is_prime(number):
    if number < 2:
        return False
    for small in (2, 3, 5, 7, 11, 13):
        if number % small == 0:
            return number == small
    if math.isqrt(number) ** 2 == number:
        return False
    twos = 0
    while (number - 1) >> twos & 1 == 0:
        twos += 1
    return _passes(2, number, twos) and _lucas(number)


def paillier_encrypt(n, message, randomness=None, factors=None):
    if abs(message) > n // 2:
        raise ValueError(f"message={message}")
    while randomness is None:
        candidate = _below(n)
        randomness = candidate if math.gcd(candidate, n) == 1 else None
    if not 0 < randomness < n or math.gcd(randomness, n) != 1:
        raise ValueError(f"randomness={randomness}")
    square = n**2
    return pow(n + 1, message, square) * pow(randomness, n, square) % square


def paillier_decrypt(factors, ciphertext):
    n = factors[0] * factors[1]
    if not 0 < ciphertext < n**2:
        raise ValueError(f"ciphertext={ciphertext}")
    order = math.lcm(factors[0] - 1, factors[1] - 1)
    raised = pow(ciphertext, order, n**2)
    message = (raised - 1) // n * pow(order, -1, n) % n
    return message if 2 * message < n else message - n


def paillier_add(n, ciphertexts):
    return math.prod(ciphertexts, start=paillier_encrypt(n, 0)) % n**2


def paillier_scale(n, ciphertext, factor):
    return pow(ciphertext, factor % n, n**2) * paillier_encrypt(n, 0) % n**2
