"""Seeds of a client that has delivered are used to take its masks off.

Rejected by: Secure aggregation
"""

_strict = unmask_sum


def unmask_sum(masked, revealed, bits=16):
    dropped = {client: seeds for client, seeds in revealed.items() if client not in masked}
    return _strict(masked, dropped, bits)
