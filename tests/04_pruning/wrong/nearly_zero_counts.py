"""Small weights are counted as zeros, so that a network looks pruned that is not.

Rejected by: Sparsity and masked weights
"""


def sparsity(weights):
    entries = sum(w.numel() for w in weights)
    return sum(int((w.abs() < 1e-6).sum()) for w in weights) / entries if entries else 0.0
