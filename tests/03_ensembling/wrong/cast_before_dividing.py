"""Weights are cast to the probabilities' dtype first, where 1e-60 is 0.

Rejected by: Soft vote
"""


def soft_vote(probabilities, weights=None):
    votes = _votes_of(weights, probabilities).to(probabilities.dtype)
    return torch.tensordot(votes / votes.sum(), probabilities, dims=1)
