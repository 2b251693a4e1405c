"""Weights get the variance of Glorot and Bengio, 2 / (fan_in + fan_out), made for tanh.

Rejected by: Forward pass
"""


def initialise(sizes, generator, dtype=torch.float32):
    _require(len(sizes) >= 2 and min(sizes) >= 1, "sizes", sizes)
    place = {"dtype": dtype, "device": generator.device}
    return [
        (
            torch.randn(a, b, generator=generator, **place) * math.sqrt(2 / (a + b)),
            torch.zeros(b, **place),
        )
        for a, b in itertools.pairwise(sizes)
    ]
