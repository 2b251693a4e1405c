"""A negative message comes back as a number just below n.

Rejected by: Paillier encryption
"""

_signed = paillier_decrypt


def paillier_decrypt(factors, ciphertext):
    return _signed(factors, ciphertext) % math.prod(factors)
