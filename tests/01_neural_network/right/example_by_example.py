"""Forward and backward one example at a time, gradients added up."""


def forward(parameters, inputs):
    _require_inputs(parameters, inputs)
    rows = [_one_row(parameters, row)[-1] for row in inputs]
    return torch.stack(rows) if rows else inputs.new_empty(0, len(parameters[-1][1]))


def _one_row(parameters, row):
    values = [row]
    for i, (weight, bias) in enumerate(parameters):
        entering = values[-1].clamp(min=0) if i else row
        values.append(weight.T @ entering + bias)
    return values


def backward(parameters, inputs, targets, class_weights=None):
    _require_inputs(parameters, inputs)
    loss = cross_entropy(forward(parameters, inputs), targets, class_weights)
    shares = _row_shares(inputs, targets, class_weights)
    gradients = [(torch.zeros_like(w), torch.zeros_like(b)) for w, b in parameters]
    for row, label, share in zip(inputs, targets, shares, strict=True):
        values = _one_row(parameters, row)
        delta = share * values[-1].softmax(dim=0)
        delta[label] -= share
        for i in reversed(range(len(parameters))):
            entering = values[i].clamp(min=0) if i else row
            gradients[i][0].add_(torch.outer(entering, delta))
            gradients[i][1].add_(delta)
            delta = torch.where(values[i] > 0, parameters[i][0] @ delta, 0) if i else delta
    return loss, gradients
