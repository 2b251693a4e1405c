"""Class numbers are averaged and rounded, so that 0 and 2 make 1.

Rejected by: Hard vote
"""


def hard_vote(labels, num_classes, weights=None):
    votes = _votes_of(weights, labels)
    return ((votes / votes.sum()) @ labels.double()).round().long()
