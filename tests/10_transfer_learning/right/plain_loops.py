"""Batches, groups, penalties, pseudo-labels and rounds as loops; no round ends early."""


def extract_features(model, x, batch_size=256):
    if not batch_size >= 1:
        raise ValueError(f"batch_size is {batch_size}")
    modes = {name: module.training for name, module in model.named_modules()}
    outputs = []
    try:
        for module in model.modules():
            module.training = False
        with torch.set_grad_enabled(False):
            begins = range(0, max(len(x), 1), batch_size)
            outputs += [model(x[k : k + batch_size]).clone() for k in begins]
    finally:
        for name, module in model.named_modules():
            module.training = modes[name]
    return torch.cat(outputs)


def layer_groups(model, lr, decay, weight_decay):
    if not lr >= 0:
        raise ValueError(f"lr is {lr}")
    if not 0 < decay <= 1:
        raise ValueError(f"decay is {decay}")
    if not weight_decay >= 0:
        raise ValueError(f"weight_decay is {weight_decay}")
    layers = [[n, c] for n, c in model.named_children() if any(True for _ in c.parameters())]
    groups, rate, taken = [], lr * 1.0, set()
    first = {id(p): name for name, p in model.named_parameters()}
    for k in reversed(range(max(len(layers), 1))):
        child = layers[k][0] + "." if layers else None
        mine = []
        for name, p in model.named_parameters():
            loose = not any(name.startswith(n + ".") for n, _ in layers)
            if (child and name.startswith(child)) or (k == 0 and loose):
                mine.append((name, p))
        pair = []
        for wide in (True, False):
            some = [(n, p) for n, p in mine if (p.dim() > 1) is wide and p.requires_grad]
            some = [(n, p) for n, p in some if first[id(p)] == n and id(p) not in taken]
            taken |= {id(p) for _, p in some}
            if some:
                names, params = map(list, zip(*some, strict=True))
                wd = float(weight_decay) if wide else 0.0
                pair.append({"names": names, "params": params, "lr": rate, "weight_decay": wd})
        groups = pair + groups
        rate *= decay
    return groups


def unfreeze_schedule(layers, epochs, every=1):
    for name, value in (("layers", layers), ("epochs", epochs), ("every", every)):
        if value < 1:
            raise ValueError(f"{name} is {value}")
    table = torch.zeros(epochs, layers, dtype=torch.bool)
    for layer in range(layers):
        table[(layers - 1 - layer) * every :, layer] = True
    return table


def l2_sp(weights, start, alpha, beta):
    if not alpha >= 0:
        raise ValueError(f"alpha is {alpha}")
    if not beta >= 0:
        raise ValueError(f"beta is {beta}")
    penalty, known = 0.0, 0
    for name, w in weights.items():
        if name in start and tuple(start[name].shape) == tuple(w.shape):
            known += 1
            difference = (w - start[name].data).flatten()
            penalty = penalty + difference.dot(difference) * (alpha / 2)
        else:
            penalty = penalty + w.flatten().dot(w.flatten()) * (beta / 2)
    if not known:
        raise ValueError(f"start is {[*start][:3]}")
    return penalty


def pseudo_label(probabilities, threshold, per_class=None):
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold}")
    if per_class is not None and not per_class >= 1:
        raise ValueError(f"per_class is {per_class}")
    taken = {}
    for i, row in enumerate(probabilities.tolist()):
        if not (min(row) >= 0 and abs(sum(row) - 1) <= 1e-3):
            raise ValueError(f"probabilities: row {i} is no distribution")
        if max(row) >= threshold:
            taken.setdefault(row.index(max(row)), []).append((-max(row), i))
    pairs = [(i, k) for k, some in taken.items() for _, i in sorted(some)[:per_class]]
    table = torch.tensor(sorted(pairs), dtype=torch.int64, device=probabilities.device)
    table = table.reshape(-1, 2)
    return table[:, 0], table[:, 1]


def self_train(features, targets, unlabelled, l2, threshold, rounds=10, per_class=None):
    if rounds < 0:
        raise ValueError(f"rounds is {rounds}")
    rows, labels = targets[:0].clone(), targets[:0].clone()
    for done in range(rounds + 1):
        x, y = torch.cat([features, unlabelled[rows]]), torch.cat([targets, labels])
        weight, bias = linear_probe(x, y, l2)
        if done < rounds:
            scores = unlabelled @ weight.T + bias
            rows, labels = pseudo_label(scores.softmax(1), threshold, per_class)
    return weight, bias, rows, labels
