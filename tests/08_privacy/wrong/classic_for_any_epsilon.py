"""The classic formula is used where its proof does not hold.

Rejected by: Noise mechanisms
"""

_by_method = gaussian_sigma


def gaussian_sigma(epsilon, delta, sensitivity=1.0, method="analytic"):
    if method == "classic":
        return _by_method(1.0, delta, sensitivity, method) / epsilon
    return _by_method(epsilon, delta, sensitivity, method)
