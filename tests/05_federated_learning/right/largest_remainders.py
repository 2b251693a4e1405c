"""Whole numbers by largest remainders; plans and server steps in other shapes."""


def dirichlet_partition(targets, clients, alpha, generator):
    if clients < 1:
        raise ValueError(f"clients: {clients}")
    if not 0 < alpha < math.inf:
        raise ValueError(f"alpha: {alpha}")
    owned = [[] for _ in range(clients)]
    for label in targets.unique().tolist():
        rows = (targets == label).nonzero().flatten().tolist()
        gammas = generator.dirichlet(np.full(clients, alpha))
        exact = gammas * len(rows)
        whole = np.floor(exact).astype(int)
        for k in np.argsort(whole - exact)[: len(rows) - whole.sum()]:
            whole[k] += 1
        generator.shuffle(rows)
        for own, count in zip(owned, whole.tolist(), strict=True):
            own += [rows.pop() for _ in range(count)]
    return [torch.tensor(sorted(own), dtype=torch.int64, device=targets.device) for own in owned]


def make_plan(sizes, rounds, fraction, epochs, batch_size, generator):
    if rounds < 0:
        raise ValueError(f"rounds: {rounds}")
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction: {fraction}")
    if epochs < 1:
        raise ValueError(f"epochs: {epochs}")
    if batch_size < 1:
        raise ValueError(f"batch_size: {batch_size}")
    able = [k for k in range(len(sizes)) if sizes[k] > 0]
    if not able:
        raise ValueError(f"sizes: {list(sizes)}")
    plan = []
    for _ in range(rounds):
        order = generator.permutation(len(able))[: max(round(fraction * len(able)), 1)]
        chosen = {}
        for k in (able[place] for place in order):
            chosen[k] = []
            for _ in range(epochs):
                rows = generator.random(sizes[k]).argsort().tolist()
                while rows:
                    chosen[k].append(torch.tensor(rows[:batch_size]))
                    rows = rows[batch_size:]
        plan.append(chosen)
    return plan


def server_update(
    state, average, memory, kind="average", lr=1.0, momentum=0.9, decay=0.99, tau=1e-3
):
    _check_alike([state, average], "average")
    if kind not in ("average", "momentum", "adagrad", "adam", "yogi"):
        raise ValueError(f"kind: {kind!r}")
    for name, value in (("momentum", momentum), ("decay", decay)):
        if not 0 <= value < 1:
            raise ValueError(f"{name}: {value}")
    if not 0 < tau < math.inf:
        raise ValueError(f"tau: {tau}")
    weights = [name for name, t in state.items() if t.is_floating_point()]
    drift = {name: average[name] - state[name] for name in weights}
    m = memory.get("m", dict.fromkeys(weights, 0.0))
    v = memory.get("v", dict.fromkeys(weights, tau * tau))
    scale = 1 if kind == "momentum" else 1 - momentum
    m = {name: m[name] * momentum + scale * drift[name] for name in weights}
    if kind == "adagrad":
        v = {name: v[name] + drift[name] ** 2 for name in weights}
    elif kind == "adam":
        v = {name: v[name] + (1 - decay) * (drift[name] ** 2 - v[name]) for name in weights}
    elif kind == "yogi":
        gap = {name: drift[name] ** 2 - v[name] for name in weights}
        v = {n: v[n] + (1 - decay) * drift[n] ** 2 * torch.sign(gap[n]) for n in weights}
    if kind == "average":
        steps = drift
    elif kind == "momentum":
        steps = m
    else:
        steps = {name: m[name] / (v[name] ** 0.5 + tau) for name in weights}
    moved = {
        name: t + lr * steps[name] if name in steps else average[name].clone()
        for name, t in state.items()
    }
    return moved, {"m": m, "v": v}
