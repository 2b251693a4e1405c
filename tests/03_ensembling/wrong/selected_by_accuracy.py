"""Mixtures are ranked by their accuracy.

Rejected by: Greedy selection
"""


def greedy_selection(probabilities, targets, rounds):
    _at_targets(probabilities, targets)
    _between(1, math.inf, rounds=rounds)
    counts = torch.zeros(len(probabilities), dtype=torch.int64, device=probabilities.device)
    total = torch.zeros_like(probabilities[0])
    for _ in range(rounds):
        right = ((total + probabilities).argmax(2) == targets).double().mean(1)
        taken = right.argmax()
        counts[taken] += 1
        total += probabilities[taken]
    return counts
