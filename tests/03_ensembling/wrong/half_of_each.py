"""The newcomer gets half the weight: the mixture so far is averaged with it.

Rejected by: Greedy selection
"""


def greedy_selection(probabilities, targets, rounds):
    given = _at_targets(probabilities, targets).double()
    _between(1, math.inf, rounds=rounds)
    counts = torch.zeros(len(given), dtype=torch.int64, device=given.device)
    mixture = torch.zeros_like(given[0])
    for step in range(rounds):
        mixed = (mixture + given) / (2 if step else 1)
        taken = mixed.log().sum(1).argmax()
        counts[taken] += 1
        mixture = mixed[taken]
    return counts
