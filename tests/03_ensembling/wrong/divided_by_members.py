"""The weighted sum is divided by the number of members instead of the sum of weights.

Rejected by: Soft vote
"""


def soft_vote(probabilities, weights=None):
    votes = _votes_of(weights, probabilities)
    return torch.tensordot(votes.to(probabilities.dtype), probabilities, dims=1) / len(votes)
