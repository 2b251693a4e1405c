"""The sparsities of the tensors are averaged, whatever their sizes.

Rejected by: Sparsity and masked weights
"""


def sparsity(weights):
    shares = [(w == 0).double().mean().item() for w in weights if w.numel()]
    return sum(shares) / len(shares) if shares else 0.0
