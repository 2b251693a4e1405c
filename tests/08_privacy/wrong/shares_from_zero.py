"""The first share is the point at 0: the secret itself.

Rejected by: Secret sharing
"""

_from_one = shamir_shares


def shamir_shares(secret, threshold, parties, prime):
    return [(0, secret), *_from_one(secret, threshold, parties, prime)[:-1]]
