"""Updates too large for the sum are taken, and wrap around.

Rejected by: Secure aggregation
"""


def _fixed_point(update, bits, clients):
    return (update.double() * 2**bits).round().long().to(torch.int32)
