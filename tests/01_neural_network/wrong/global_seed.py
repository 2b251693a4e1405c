"""The seed is set for the whole process, instead of drawing from the generator.

Rejected by: Forward pass
"""


def initialise(sizes, generator, dtype=torch.float32):
    _require(len(sizes) >= 2 and min(sizes) >= 1, "sizes", sizes)
    torch.manual_seed(generator.initial_seed())
    return [
        (torch.randn(a, b, dtype=dtype) * math.sqrt(2 / a), torch.zeros(b, dtype=dtype))
        for a, b in itertools.pairwise(sizes)
    ]
