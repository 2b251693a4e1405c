"""The upper bound does not belong to a rule, the lower one does.

Rejected by: Faithfulness
"""


def _holds(bounds, x):
    holds = torch.ones(len(x), dtype=torch.bool, device=x.device)
    for feature, (low, high) in bounds.items():
        holds &= (x[:, feature] >= low) & (x[:, feature] < high)
    return holds
