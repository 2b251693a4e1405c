"""Selection ends as soon as no member lowers the loss.

Rejected by: Greedy selection
"""


def greedy_selection(probabilities, targets, rounds):
    given = _at_targets(probabilities, targets).double()
    _between(1, math.inf, rounds=rounds)
    counts = torch.zeros(len(given), dtype=torch.int64, device=given.device)
    total, best = torch.zeros_like(given[0]), -math.inf
    for step in range(rounds):
        scores = ((total + given) / (step + 1)).log().mean(1)
        if scores.max() <= best:
            break
        best = scores.max()
        taken = scores.argmax()
        counts[taken] += 1
        total += given[taken]
    return counts
