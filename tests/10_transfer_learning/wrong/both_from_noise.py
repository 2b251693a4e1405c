"""Both factors start from noise: the model is damaged before it learns.

Rejected by: Low-rank adaptation
"""

_from_zero = lora_init


def lora_init(weight, rank, generator):
    a, b = _from_zero(weight, rank, generator)
    return a, b.normal_(0, rank**-0.5, generator=generator)
