"""Of equally many votes the class that was named first wins.

Rejected by: Hard vote
"""


def hard_vote(labels, num_classes, weights=None):
    votes = _votes_of(weights, labels).tolist()
    winners = []
    for row in labels.T.tolist():
        counts = {}
        for label, vote in zip(row, votes, strict=True):
            counts[label] = counts.get(label, 0) + vote
        winners.append(max(counts, key=counts.get))
    return torch.tensor(winners, dtype=torch.int64, device=labels.device)
