"""One coalition goes on growing from order to order, for it was made outside the loop.

Rejected by: Permutations
"""


def permutation_shapley(predict, x, background, permutations):
    _check_permutations(permutations, len(x))
    orders = torch.cat([permutations, permutations.flip(1)]).tolist()
    present = torch.zeros(1, len(x), dtype=torch.bool, device=x.device)
    before = coalition_values(predict, x, background, present)
    added = before.new_zeros(len(x))
    for order in orders:
        for feature in order:
            present[0, feature] = True
            after = coalition_values(predict, x, background, present)
            added[feature] += (after - before)[0] / len(orders)
            before = after
    return added
