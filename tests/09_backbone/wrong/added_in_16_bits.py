"""Sums are kept in 16 bits.

Rejected by: Eight bits
"""


def int8_matmul(a, b):
    _require(a.dtype == torch.int8, torch.int8, a=a.dtype)
    _require(b.dtype == torch.int8, torch.int8, b=b.dtype)
    return (a.short() @ b.T.short()).int()
