"""Pseudo-labels are kept: the first model, the worst, teaches all later ones.

Rejected by: Self-training
"""


def self_train(features, targets, unlabelled, l2, threshold, rounds=10, per_class=None):
    if rounds < 0:
        raise ValueError(f"rounds: {rounds}")
    weight, bias = linear_probe(features, targets, l2)
    kept = {}
    for _ in range(rounds):
        probabilities = functional.linear(unlabelled, weight, bias).softmax(1)
        found = pseudo_label(probabilities, threshold, per_class)
        for row, label in zip(*(t.tolist() for t in found), strict=True):
            kept.setdefault(row, label)
        rows, labels = (
            targets.new_tensor(v) for v in (sorted(kept), [kept[r] for r in sorted(kept)])
        )
        together = torch.cat([features, unlabelled[rows]]), torch.cat([targets, labels])
        weight, bias = linear_probe(*together, l2)
    rows = targets.new_tensor(sorted(kept))
    return weight, bias, rows, targets.new_tensor([kept[row] for row in sorted(kept)])
