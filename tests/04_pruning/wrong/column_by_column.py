"""The weight is compressed column by column: CSC.

Rejected by: Compressed layers
"""

_by_rows = to_csr


def to_csr(weight):
    return _by_rows(weight.T if weight.ndim == 2 else weight)
