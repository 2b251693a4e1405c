"""ReLU at exactly zero passes half of the gradient.

Rejected by: Backward pass
"""


def _loss_and_gradients(parameters, inputs, targets, class_weights):
    entering, logits = _layers_in_turn(parameters, inputs)
    delta = _log_softmax(logits).exp()
    delta[torch.arange(len(targets)), targets] -= 1
    delta = delta * _row_shares(logits, targets, class_weights)[:, None]
    gradients = []
    for i in reversed(range(len(parameters))):
        gradients.insert(0, (entering[i].T @ delta, delta.sum(dim=0)))
        if i > 0:
            weight, bias = parameters[i - 1]
            before = torch.addmm(bias, entering[i - 1], weight)
            delta = (delta @ parameters[i][0].T) * (before.sign() + 1) / 2
    return cross_entropy(logits, targets, class_weights), gradients
