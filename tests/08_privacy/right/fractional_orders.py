"""Orders are fractions too, their divergences integrals: less epsilon than whole orders prove."""

import numpy as np


def rdp_sampled_gaussian(sampling_rate, noise_multiplier, orders):
    if not 0 < sampling_rate <= 1:
        raise ValueError(f"sampling_rate={sampling_rate}")
    if not noise_multiplier > 0:
        raise ValueError(f"noise_multiplier={noise_multiplier}")
    for order in orders:
        if order < 2:
            raise ValueError(f"orders: {order}")
    q, s, results = sampling_rate, noise_multiplier, []
    for order in orders:  # term by term in logarithms, what exceeds 1 by itself
        total = -math.inf
        ways = 0.0  # log of C(order, k)
        for k in range(1, order + 1):
            ways += math.log((order - k + 1) / k)
            growth = k * (k - 1) / (2 * s * s)
            if growth == 0 or (q == 1 and k < order):
                continue
            term = ways + k * math.log(q) + growth + math.log(-math.expm1(-growth))
            term += (order - k) * math.log1p(-q) if k < order else 0
            high, low = max(total, term), min(total, term)
            total = high + math.log1p(math.exp(low - high))
        if q == 1:
            results.append(order / (2 * s * s))
        else:
            excess = max(total, 0) + math.log1p(math.exp(-abs(total)))
            results.append(excess / (order - 1))
    return torch.tensor(results, dtype=torch.float64)


def _divergences(q, s, orders):
    x = np.linspace(-10 * s, orders.max() + 10 * s, 3000)
    with np.errstate(over="ignore"):
        tail = np.logaddexp(math.log(max(1 - q, 1e-300)), math.log(q) + (2 * x - 1) / (2 * s * s))
    logs = orders[:, None] * tail - x**2 / (2 * s * s)
    top = logs.max(1)
    means = top + np.log(np.exp(logs - top[:, None]).sum(1) * (x[1] - x[0]))
    return (means - math.log(s * math.sqrt(2 * math.pi))) / (orders - 1)


def _spent(q, s, steps, delta):
    orders = np.concatenate([np.arange(1.1, 12, 0.1), np.arange(12.0, 257)])
    rdp = np.maximum(_divergences(q, s, orders), 0)
    epsilons = steps * rdp + np.log1p(-1 / orders) - np.log(delta * orders) / (orders - 1)
    return float(epsilons.min())


def epsilon_spent(sampling_rate, noise_multiplier, steps, delta):
    if steps < 1:
        raise ValueError(f"steps={steps}")
    rdp = steps * rdp_sampled_gaussian(sampling_rate, noise_multiplier, [2, 3])
    by_whole_orders = rdp_to_epsilon(rdp, [2, 3], delta)
    return max(0.0, min(by_whole_orders, _spent(sampling_rate, noise_multiplier, steps, delta)))


def noise_for_epsilon(epsilon, delta, sampling_rate, steps):
    low, high = math.log(1e-2), math.log(1e4)
    if not epsilon > 0 or epsilon_spent(sampling_rate, 1e4, steps, delta) > epsilon:
        raise ValueError(f"epsilon={epsilon}")
    while high - low > 5e-4:
        middle = (low + high) / 2
        if epsilon_spent(sampling_rate, math.exp(middle), steps, delta) <= epsilon:
            high = middle
        else:
            low = middle
    return math.exp(high)
