"""Updates are cut off instead of rounded, which biases the sum towards 0.

Rejected by: Secure aggregation
"""

_rounded = _fixed_point


def _fixed_point(update, bits, clients):
    return _rounded((update.double() * 2**bits).trunc() / 2**bits, bits, clients)
