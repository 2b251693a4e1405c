"""Orders are walked forwards only.

Rejected by: Permutations
"""


def permutation_shapley(predict, x, background, permutations):
    _check_permutations(permutations, len(x))
    ranks = permutations.argsort(1)
    joined = ranks[:, None] < torch.arange(len(x) + 1, device=x.device)[:, None]
    values = coalition_values(predict, x, background, joined.flatten(0, 1))
    return values.reshape(len(ranks), -1).diff(dim=1).gather(1, ranks).mean(0)
