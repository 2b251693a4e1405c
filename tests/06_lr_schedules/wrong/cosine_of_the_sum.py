"""The cosine's amplitude is half the sum of the two rates, not half their difference.

Rejected by: Cosine annealing
"""


def _half_cosine(start, end, progress):
    return end + (start + end) / 2 * (1 + torch.cos(math.pi * progress))
