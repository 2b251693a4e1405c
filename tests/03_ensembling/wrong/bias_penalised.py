"""The penalty shrinks the biases too.

Rejected by: Stacking
"""


def fit_logistic(features, targets, num_classes, l2):
    _require(0 < l2 < math.inf, l2=l2)
    design = functional.pad(features.double(), (0, 1), value=1.0)
    truth = functional.one_hot(targets, num_classes).double()
    penalty = design.new_full((num_classes, design.shape[1]), l2)
    theta = torch.zeros_like(penalty)
    for _ in range(30):
        p = (design @ theta.T).softmax(1)
        gradient = (p - truth).T @ design / len(design) + penalty * theta
        theta = theta + _newton_move(design, p, penalty, gradient)
    theta = theta.to(features.dtype)
    return theta[:, :-1], theta[:, -1]
