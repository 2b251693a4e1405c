"""The same distributions drawn otherwise: row by row, by random keys, all classes at once."""


def initialise(sizes, generator, dtype=torch.float32):
    _require(len(sizes) >= 2 and min(sizes) >= 1, "sizes", sizes)
    layers = []
    for fan_in, fan_out in reversed(list(itertools.pairwise(sizes))):
        weight = torch.empty(fan_out, fan_in, dtype=dtype, device=generator.device)
        weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
        layers.insert(0, (weight.T, weight.new_zeros(fan_out)))
    return layers


def stratified_split(targets, fraction, generator):
    _require(0 < fraction < 1, "fraction", fraction)
    n = len(targets)
    keys = torch.rand(n, generator=generator, dtype=torch.float64, device=targets.device)
    order = (targets + keys / 2).argsort()  # by class, and at random within a class
    counts = targets.unique(return_counts=True)[1]
    starts = counts.cumsum(dim=0) - counts
    place = torch.arange(n, device=targets.device) - starts.repeat_interleave(counts)
    quota = torch.tensor([round(fraction * c) for c in counts.tolist()], device=targets.device)
    second = place < quota.repeat_interleave(counts)
    return order[~second].sort().values, order[second].sort().values


def oversample(targets, generator):
    _require(len(targets) > 0, "targets of oversample", tuple(targets.shape))
    counts = torch.bincount(targets)
    extra = []
    for label in range(len(counts)):
        short = int(counts.max() - counts[label])
        if counts[label] and short:
            weights = (targets == label).double()
            extra.append(weights.multinomial(short, replacement=True, generator=generator))
    return torch.cat([*extra, torch.arange(len(targets), device=targets.device)])
