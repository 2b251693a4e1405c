"""Logarithms are averaged and normalised again: the geometric mean, in which one 0 is a veto.

Rejected by: Soft vote
"""


def soft_vote(probabilities, weights=None):
    votes = _votes_of(weights, probabilities)
    shares = (votes / votes.sum()).to(probabilities.dtype)
    return torch.tensordot(shares, probabilities.log(), dims=1).softmax(1)
