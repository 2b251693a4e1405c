"""Masks have 32 bits, whatever the ring, and the last share shows the size of the secret.

Rejected by: Secret sharing
"""

_masks_of_the_ring = additive_shares


def additive_shares(secret, parties, modulus):
    _masks_of_the_ring(secret, parties, modulus)
    masks = [secrets.randbits(32) % modulus for _ in range(parties - 1)]
    return [*masks, (secret - sum(masks)) % modulus]
