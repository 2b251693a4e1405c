"""Members' winning classes are averaged: how sure they were is lost.

Rejected by: Soft vote
"""


def soft_vote(probabilities, weights=None):
    votes = _votes_of(weights, probabilities)
    shares = (votes / votes.sum()).to(probabilities.dtype)
    winners = functional.one_hot(probabilities.argmax(2), probabilities.shape[2])
    return torch.tensordot(shares, winners.to(probabilities.dtype), dims=1)
