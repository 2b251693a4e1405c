"""Votes are added in float32, in which 2**30 and one more are equal.

Rejected by: Hard vote
"""


def hard_vote(labels, num_classes, weights=None):
    votes = _votes_of(weights, labels).float()
    one_hot = functional.one_hot(labels, num_classes).float()
    return torch.tensordot(votes, one_hot, dims=1).argmax(1)
