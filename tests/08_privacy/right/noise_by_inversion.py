"""Laplace noise inverts its distribution function; sigma is found by SciPy in logarithms."""

import numpy as np
from scipy import optimize, special


def laplace_mechanism(values, sensitivity, epsilon, generator):
    for name, value in (("sensitivity", sensitivity), ("epsilon", epsilon)):
        if not value > 0:
            raise ValueError(f"{name}={value}")
    options = {"generator": generator, "device": values.device, "dtype": torch.float64}
    uniform = torch.rand(values.shape, **options) - 0.5
    noise = -uniform.sign() * torch.log1p(-2 * uniform.abs().clamp(max=0.5 - 2**-54))
    return values + (noise * sensitivity / epsilon).to(values.dtype)


def gaussian_delta(sigma, epsilon, sensitivity=1.0):
    for name, value in (("sigma", sigma), ("sensitivity", sensitivity)):
        if not value > 0:
            raise ValueError(f"{name}={value}")
    if not epsilon >= 0:
        raise ValueError(f"epsilon={epsilon}")
    mean = sensitivity / sigma
    log_with = special.log_ndtr(mean / 2 - epsilon / mean)
    log_without = special.log_ndtr(-mean / 2 - epsilon / mean) + epsilon
    return float(-np.expm1(log_without - log_with) * np.exp(log_with))


def gaussian_sigma(epsilon, delta, sensitivity=1.0, method="analytic"):
    if method not in ("analytic", "classic"):
        raise ValueError(f"method={method}")
    if not (epsilon > 0 and (method == "analytic" or epsilon <= 1)):
        raise ValueError(f"epsilon={epsilon}")
    if not 0 < delta < 1:
        raise ValueError(f"delta={delta}")
    if not sensitivity > 0:
        raise ValueError(f"sensitivity={sensitivity}")
    if method == "classic":
        return (2 * math.log(1.25 / delta)) ** 0.5 * sensitivity / epsilon

    def excess(logarithm):
        return gaussian_delta(math.exp(logarithm), epsilon) - delta

    return sensitivity * math.exp(optimize.brentq(excess, -9, 9, xtol=1e-13))
