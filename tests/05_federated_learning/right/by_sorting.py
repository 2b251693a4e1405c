"""A stack and a sort for everything robust."""


def _sorted(states):
    _check_alike(states)
    for name in states[0]:
        stacked = torch.stack([state[name] for state in states])
        if stacked.is_floating_point():
            stacked = torch.where(stacked.isnan(), math.inf, stacked)
        yield name, torch.sort(stacked, dim=0).values


def coordinate_median(states):
    k = len(states)
    result = {}
    for name, ranked in _sorted(states):
        low, high = ranked[(k - 1) // 2], ranked[k // 2]
        result[name] = low / 2 + high / 2 if ranked.is_floating_point() else low.clone()
    return result


def trimmed_mean(states, trim):
    if not (trim >= 0 and trim < 0.5):
        raise ValueError(f"trim: {trim}")
    k, cut = len(states), int(trim * len(states))
    return {
        name: ranked[cut : k - cut].sum(0) / (k - 2 * cut)
        if ranked.is_floating_point()
        else ranked[(k - 1) // 2].clone()
        for name, ranked in _sorted(states)
    }
