"""The divergence is converted by the older, looser formula.

Rejected by: Privacy accounting
"""


def rdp_to_epsilon(rdp, orders, delta):
    _require(0 < delta < 1, "above 0 and below 1", delta=delta)
    for order in orders:
        _above(1, orders=order)
    a = torch.tensor(orders, dtype=torch.float64)
    return max(0.0, float((rdp - math.log(delta) / (a - 1)).min()))
