"""The mode of the labels, whatever the weights are.

Rejected by: Hard vote
"""


def hard_vote(labels, num_classes, weights=None):
    return functional.one_hot(labels, num_classes).sum(0).argmax(1)
