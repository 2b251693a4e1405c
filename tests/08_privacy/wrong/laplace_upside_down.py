"""The scale is epsilon / sensitivity: a stricter epsilon gives less noise.

Rejected by: Noise mechanisms
"""

_by_scale = laplace_mechanism


def laplace_mechanism(values, sensitivity, epsilon, generator):
    _above(0, sensitivity=sensitivity)
    _above(0, epsilon=epsilon)
    return _by_scale(values, epsilon, sensitivity, generator)
