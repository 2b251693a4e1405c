"""Training tensor by tensor: averaged momentum, Adam as its paper's efficient form has it."""


def begin(parameters, optimiser="adam"):
    _require(optimiser in ("adam", "sgd"), "optimiser", repr(optimiser))
    tensors = [tensor for layer in parameters for tensor in layer]
    return {
        "parameters": [(w.clone(), b.clone()) for w, b in parameters],
        "best_parameters": [(w.clone(), b.clone()) for w, b in parameters],
        "train_losses": [],
        "validation_losses": [],
        "stopped": False,
        "kind": optimiser,
        "memory": [[torch.zeros_like(t), torch.zeros_like(t)] for t in tensors],
        "time": 0,
    }


def train(
    state,
    inputs,
    targets,
    validation,
    orders,
    *,
    batch_size=64,
    learning_rate=1e-3,
    momentum=0.9,
    l1=0.0,
    l2=0.0,
    class_weights=None,
    patience=None,
):
    _require_inputs(state["parameters"], inputs)
    _require_labels("targets", targets, len(inputs), len(state["parameters"][-1][1]))
    _require_orders(orders, len(inputs))
    _require(batch_size >= 1, "batch_size", batch_size)
    _require(learning_rate > 0, "learning_rate", learning_rate)
    _require(patience is None or patience >= 1, "patience", patience)
    state = copy.deepcopy(state)
    judged = state["validation_losses"]
    for order in orders.tolist():
        if state["stopped"]:
            break
        lost = 0.0
        for start in range(0, len(order), batch_size):
            rows = torch.tensor(order[start : start + batch_size], device=inputs.device)
            loss, data = backward(state["parameters"], inputs[rows], targets[rows], class_weights)
            lost += loss.item() * len(rows) / len(order)
            _, decay = penalty(state["parameters"], l1, l2)
            data, decay = (list(itertools.chain(*layers)) for layers in (data, decay))
            gradients = [d + p for d, p in zip(data, decay, strict=True)]
            _move(state, gradients, learning_rate, momentum)
        state["train_losses"].append(lost)
        logits = forward(state["parameters"], validation[0])
        judged.append(cross_entropy(logits, validation[1], class_weights).item())
        since = len(judged) - 1 - judged.index(min(judged))
        if since == 0:
            state["best_parameters"] = copy.deepcopy(state["parameters"])
        state["stopped"] = patience is not None and since >= patience
    return state


def _move(state, gradients, learning_rate, momentum):
    state["time"] += 1
    t = state["time"]
    tensors = [tensor for layer in state["parameters"] for tensor in layer]
    for tensor, g, (first, second) in zip(tensors, gradients, state["memory"], strict=True):
        if state["kind"] == "sgd":
            first *= momentum
            first += (1 - momentum) * g
            tensor -= learning_rate / (1 - momentum) * first
            continue
        first += (g - first) * 0.1
        second += (g**2 - second) * 0.001
        root = math.sqrt(1 - 0.999**t)
        tensor -= learning_rate * root / (1 - 0.9**t) * first / (second.sqrt() + 1e-8 * root)
