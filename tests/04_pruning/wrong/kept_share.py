"""The share of what is left is returned as the sparsity.

Rejected by: Sparsity and masked weights
"""


def sparsity(weights):
    entries = sum(w.numel() for w in weights)
    return sum(int((w != 0).sum()) for w in weights) / entries if entries else 0.0
