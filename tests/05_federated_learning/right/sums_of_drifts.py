"""The average is the first state plus the weighted drifts; rounds are folded, not looped."""

from functools import reduce


def _largest(tensors):
    return reduce(lambda a, b: torch.where(a > b, a, b), tensors).clone()


def federated_average(states, counts):
    _check_alike(states)
    if len(counts) != len(states):
        raise ValueError(f"counts: {len(counts)}, states: {len(states)}")
    negative = [count for count in counts if count < 0]
    if negative or not any(counts):
        raise ValueError(f"counts: {negative[0] if negative else list(counts)}")
    heard = [(state, count) for state, count in zip(states, counts, strict=True) if count]
    base, total = heard[-1][0], sum(counts)

    def combine(name):
        if not base[name].is_floating_point():
            return _largest([state[name] for state, _ in heard])
        anchor = base[name].double()
        drift = sum((state[name].double() - anchor) * (n / total) for state, n in heard)
        return (anchor + drift).to(base[name].dtype)

    return {name: combine(name) for name in base}


def run_rounds(state, clients, plan, lr, loss, proximal=0.0, kind="average", server_lr=1.0):
    def one(carried, batches):
        now, memory, history = carried
        chosen = sorted(batches, reverse=True)
        if chosen:
            results = {
                c: client_update(now, *clients[c], batches[c], lr, loss, proximal) for c in chosen
            }
            counts = [clients[c][1].shape[0] for c in chosen]
            average = federated_average(list(results.values()), counts)
            now, memory = server_update(now, average, memory, kind=kind, lr=server_lr)
        rows = [(len(x), loss(now, x, y)) for x, y in clients if len(x)]
        value = sum(n * float(v) for n, v in rows) / sum(n for n, _ in rows)
        return now, memory, [*history, value]

    start = {name: tensor.clone() for name, tensor in state.items()}
    final, _, history = reduce(one, plan, (start, {}, []))
    return final, history
