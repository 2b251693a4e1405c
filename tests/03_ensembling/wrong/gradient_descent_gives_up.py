"""A thousand steps of plain gradient descent stop far from the minimum.

Rejected by: Stacking
"""


def fit_logistic(features, targets, num_classes, l2):
    _require(0 < l2 < math.inf, l2=l2)
    weight = features.new_zeros(num_classes, features.shape[1])
    bias = features.new_zeros(num_classes)
    truth = functional.one_hot(targets, num_classes).to(features.dtype)
    for _ in range(1000):
        error = (functional.linear(features, weight, bias).softmax(1) - truth) / len(features)
        weight = weight - 0.1 * (error.T @ features + l2 * weight)
        bias = bias - 0.1 * error.sum(0)
    return weight, bias
