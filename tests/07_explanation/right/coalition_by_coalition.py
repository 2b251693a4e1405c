"""Every coalition is valued alone, and every order is walked step by step with a memory."""


def coalition_values(predict, x, background, coalitions):
    for name, tensor in (("background", background), ("coalitions", coalitions)):
        if tensor.ndim != 2 or tensor.shape[1] != len(x):
            raise ValueError(f"{name}: {tuple(tensor.shape)}")
    if not len(background):
        raise ValueError(f"background: {tuple(background.shape)}")
    values = [predict(background).mean()[None].detach()[:0]]
    for present in coalitions:
        mixed = background.clone()
        mixed[:, present] = x[present]
        values.append(predict(mixed).detach().mean()[None])
    return torch.cat(values)


def permutation_shapley(predict, x, background, permutations):
    if permutations.shape[1:] != x.shape or not len(permutations):
        raise ValueError(f"permutations: {tuple(permutations.shape)}")
    memory = {}

    def value(present):
        if present not in memory:
            row = torch.tensor([[i in present for i in range(len(x))]], device=x.device)
            memory[present] = coalition_values(predict, x, background, row)[0].item()
        return memory[present]

    total = [0.0] * len(x)
    for order in permutations.tolist():
        if sorted(order) != list(range(len(x))):
            raise ValueError(f"permutations: {order}")
        for walk in (order, order[::-1]):
            for place, feature in enumerate(walk):
                before = frozenset(walk[:place])
                total[feature] += value(before | {feature}) - value(before)
    mean = [value / (2 * len(permutations)) for value in total]
    return torch.tensor(mean, dtype=predict(background).dtype, device=x.device)
