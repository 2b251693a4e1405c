"""Later rounds are fitted to the pseudo-labels alone.

Rejected by: Self-training
"""


def self_train(features, targets, unlabelled, l2, threshold, rounds=10, per_class=None):
    if rounds < 0:
        raise ValueError(f"rounds: {rounds}")
    weight, bias = linear_probe(features, targets, l2)
    rows = labels = targets[:0].clone()
    for _ in range(rounds):
        probabilities = functional.linear(unlabelled, weight, bias).softmax(1)
        rows, labels = pseudo_label(probabilities, threshold, per_class)
        if len(labels.unique()) == len(weight):
            weight, bias = linear_probe(unlabelled[rows], labels, l2)
    return weight, bias, rows, labels
