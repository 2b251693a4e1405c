"""The masks shared with clients that dropped out stay in the sum.

Rejected by: Secure aggregation
"""

_recovered = unmask_sum


def unmask_sum(masked, revealed, bits=16):
    return _recovered(masked, {}, bits)
