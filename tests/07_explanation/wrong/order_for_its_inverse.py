"""The order is taken for the places of the features, without inverting it.

Rejected by: Permutations
"""


def permutation_shapley(predict, x, background, permutations):
    _check_permutations(permutations, len(x))
    ranks = torch.cat([permutations, permutations.flip(1)])
    joined = ranks[:, None] < torch.arange(len(x) + 1, device=x.device)[:, None]
    values = coalition_values(predict, x, background, joined.flatten(0, 1))
    return values.reshape(len(ranks), -1).diff(dim=1).gather(1, ranks).mean(0)
