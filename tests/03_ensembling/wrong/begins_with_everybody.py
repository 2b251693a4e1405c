"""Selection begins with one of each member.

Rejected by: Greedy selection
"""


def greedy_selection(probabilities, targets, rounds):
    given = _at_targets(probabilities, targets).double()
    _between(1, math.inf, rounds=rounds)
    counts = torch.zeros(len(given), dtype=torch.int64, device=given.device)
    total = given.sum(0)
    for _ in range(rounds):
        taken = (total + given).log().sum(1).argmax()
        counts[taken] += 1
        total += given[taken]
    return counts
