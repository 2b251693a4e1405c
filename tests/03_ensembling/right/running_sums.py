"""Bagging keeps one sum and one count for each row, and draws by scaled uniform numbers."""


def bootstrap(rows, rounds, generator):
    if rows < 1:
        raise ValueError(f"rows={rows}")
    if rounds < 1:
        raise ValueError(f"rounds={rounds}")
    options = {"generator": generator, "device": generator.device, "dtype": torch.float64}
    samples = [(torch.rand(rows, **options) * rows).long() for _ in range(rounds)]
    return torch.stack(samples)


def bag(fit_predict, x, y, x_new, drawn):
    if drawn.dim() != 2 or drawn.shape[0] == 0:
        raise ValueError(f"drawn has the shape {tuple(drawn.shape)}")
    everything = torch.cat([x, x_new])
    total = outside = 0
    count = torch.zeros(len(x), 1, dtype=torch.int64, device=x.device)
    for sample in drawn:
        predicted = fit_predict(x[sample], y[sample], everything)
        left = torch.ones(len(x), 1, dtype=torch.bool, device=x.device)
        left[sample] = False
        outside = outside + torch.where(left, predicted[: len(x)], 0)
        total = total + predicted[len(x) :]
        count += left
    return total / len(drawn), outside / count
