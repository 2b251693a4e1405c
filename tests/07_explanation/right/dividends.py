"""Shapley values by dividends: what a coalition earns beyond its parts is shared equally."""


def exact_shapley(values):
    players = values.numel().bit_length() - 1
    if values.ndim != 1 or players < 1 or len(values) != 2**players:
        raise ValueError(f"values have the shape {tuple(values.shape)}, not (2**players,)")
    earned = values.double().tolist()
    for i in range(players):
        for s in range(2**players):
            if s >> i & 1:
                earned[s] -= earned[s ^ 1 << i]
    shares = [
        sum(earned[s] / s.bit_count() for s in range(2**players) if s >> i & 1)
        for i in range(players)
    ]
    return torch.tensor(shares, dtype=values.dtype, device=values.device)
