"""All answers get the same noise, which a subtraction removes.

Rejected by: Noise mechanisms
"""

_of_each = laplace_mechanism


def laplace_mechanism(values, sensitivity, epsilon, generator):
    return values + _of_each(values.new_zeros(()), sensitivity, epsilon, generator)
