"""Everything is sorted, stably: no threshold and no special case for ties."""


def _ranked(magnitudes, kept):
    order = magnitudes.sort(dim=-1, descending=True, stable=True).indices[..., :kept]
    return torch.zeros_like(magnitudes, dtype=torch.bool).scatter_(-1, order, True)


def magnitude_mask(weight, amount):
    if not 0 <= amount <= 1:
        raise ValueError(f"amount has to be from 0 to 1, got {amount}")
    kept = weight.numel() - round(amount * weight.numel())
    return _ranked(weight.abs().flatten(), kept).reshape(weight.shape)


def global_masks(weights, amount):
    if not weights:
        raise ValueError("weights is [], nothing to prune")
    together = magnitude_mask(torch.cat([w.flatten() for w in weights]), amount)
    pieces = together.split([w.numel() for w in weights])
    return [piece.reshape(w.shape) for piece, w in zip(pieces, weights, strict=True)]


def n_of_m_mask(weight, n=2, m=4):
    if m < 1:
        raise ValueError(f"m is {m}, expected 1 or more")
    if not 1 <= n <= m:
        raise ValueError(f"n is {n}, expected 1 to {m}")
    if weight.shape[-1] % m:
        raise ValueError(f"weight has the shape {tuple(weight.shape)}, which {m} does not divide")
    groups = weight.abs().reshape(-1, m) if weight.numel() else weight.abs().reshape(0, m)
    return _ranked(groups, n).reshape(weight.shape)
