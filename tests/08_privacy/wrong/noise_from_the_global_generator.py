"""The generator that is passed in is ignored.

Rejected by: Noise mechanisms
"""


def laplace_mechanism(values, sensitivity, epsilon, generator):
    _above(0, sensitivity=sensitivity)
    _above(0, epsilon=epsilon)
    return values + torch.distributions.Laplace(0.0, sensitivity / epsilon).sample(values.shape).to(
        values
    )
