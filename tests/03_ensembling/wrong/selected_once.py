"""Each member is taken once at most.

Rejected by: Greedy selection
"""


def greedy_selection(probabilities, targets, rounds):
    given = _at_targets(probabilities, targets).double()
    _between(1, math.inf, rounds=rounds)
    counts = torch.zeros(len(given), dtype=torch.int64, device=given.device)
    total = torch.zeros_like(given[0])
    for _ in range(min(rounds, len(given))):
        score = (total + given).log().sum(1).masked_fill(counts > 0, -math.inf)
        taken = score.argmax()
        counts[taken] += 1
        total += given[taken]
    return counts
