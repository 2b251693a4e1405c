"""Gradients by torch.func; the proximal term is part of the loss."""


def client_update(state, inputs, targets, batches, lr, loss, proximal=0.0):
    if not proximal >= 0:
        raise ValueError(f"proximal: {proximal}")
    fixed = {name: t.clone() for name, t in state.items() if not t.is_floating_point()}
    start = {name: t.clone() for name, t in state.items() if t.is_floating_point()}

    def penalised(weights, rows):
        value = loss({**fixed, **weights}, inputs[rows], targets[rows])
        if proximal:
            value = value + proximal / 2 * sum(((weights[n] - start[n]) ** 2).sum() for n in start)
        return value

    now = {name: t.clone() for name, t in start.items()}
    for rows in batches:
        slopes = torch.func.grad(penalised)(now, rows)
        now = {name: now[name] - lr * slopes[name] for name in now}
    return {name: {**fixed, **now}[name] for name in state}


def data_parallel_gradients(rank, world_size, state, inputs, targets, loss, send, receive):
    fixed = {name: t for name, t in state.items() if not t.is_floating_point()}
    weights = {name: t.clone() for name, t in state.items() if t.is_floating_point()}
    if len(inputs):
        slopes = torch.func.grad(lambda w: loss({**fixed, **w}, inputs, targets))(weights)
    else:
        slopes = {name: torch.zeros_like(t) for name, t in weights.items()}
    rows = next(iter(weights.values())).new_full((1,), len(inputs))
    flat = torch.cat([rows, *[slopes[name].reshape(-1) * len(inputs) for name in weights]])
    flat = ring_all_reduce(rank, world_size, flat, send, receive)
    result, at = {}, 1
    for name, tensor in weights.items():
        result[name] = (flat[at : at + tensor.numel()] / flat[0]).reshape(tensor.shape)
        at += tensor.numel()
    return result
