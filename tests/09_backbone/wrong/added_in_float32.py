"""Sums are kept in float32, which is exact up to 2**24 only.

Rejected by: Eight bits
"""


def int8_matmul(a, b):
    _require(a.dtype == torch.int8, torch.int8, a=a.dtype)
    _require(b.dtype == torch.int8, torch.int8, b=b.dtype)
    return (a.float() @ b.T.float()).int()
