"""The threshold is found digit by digit: floats that are not negative sort like their bits."""

WORDS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def _without_smallest(magnitudes, zeros):
    size = magnitudes.element_size()
    bits = (magnitudes + 0.0).view(WORDS[size])  # -0 becomes 0
    place, threshold, rest = zeros, 0, bits
    for shift in range(8 * size - 8, -1, -8):
        digits = (rest >> shift) & 255
        below = torch.bincount(digits, minlength=256).cumsum(0)
        digit = int((below < place).sum())
        place -= int(below[digit - 1]) if digit else 0
        threshold, rest = threshold << 8 | digit, rest[digits == digit]
    if not zeros:
        return torch.ones_like(bits, dtype=torch.bool)
    tied = (bits == threshold).nonzero().flatten()
    keep = bits > threshold
    keep[tied[: len(tied) - place]] = True
    return keep
