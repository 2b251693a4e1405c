"""The weights grow by their gains, round after round, until no gain is left."""


def best_weights(probabilities, targets):
    given = _at_targets(probabilities, targets).double()
    for row, best in enumerate(given.max(0).values.tolist()):
        if best == 0:
            raise ValueError(f"probabilities of row {row} are all 0")
    weights = torch.full_like(given[:, 0], 1 / len(given))
    for _ in range(200_000):
        gain = (given / (weights @ given)).mean(1)
        if gain.max() < 1 + 5e-7:
            break
        weights = weights * gain
    return weights.to(probabilities.dtype)
