"""Privacy: tables, noise, private training with its accountant, and arithmetic on secrets.

Three promises are kept apart here. A table is anonymous when nobody in it stands alone; a
mechanism is differentially private when its output hardly depends on any one person; a
value is shared or encrypted when whoever computes with it learns nothing. The first two are
about what a result may tell, the last one is about who sees what on the way.

Sources: Sweeney 2002 (k-anonymity), Machanavajjhala et al. 2007 (l-diversity), Dwork and
Roth 2014 (Laplace, Gaussian), Balle and Wang 2018 (analytic Gaussian), Warner 1965
(randomised response), Abadi et al. 2016 (DP-SGD), Goodfellow 2015 (norms without
gradients), Mironov et al. 2019 and Canonne et al. 2020 (accounting), Shamir 1979, Paillier
1999.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Generator, Tensor
from torch.nn import functional

_Layer = tuple[Tensor, Tensor]
_MOST_NOISE = 10_000.0
# Eight of nine numbers have such a factor: they need no costly test.
_SMALL_PRIMES = math.prod(n for n in range(2, 128) if all(n % d for d in range(2, n)))

# -- Part 1: Anonymous tables -----------------------------------------------------------------


def k_anonymity(table: Mapping[str, Tensor], quasi_identifiers: Sequence[str]) -> int:
    """Size of the smallest group of rows that the quasi-identifiers cannot tell apart.

    Parameters
    ----------
    table : mapping of str to Tensor of shape (rows,)
        The columns by name, int64, all of one length.
    quasi_identifiers : sequence of str
        Names of the columns by which a person could be recognised. Without any, all rows
        are one group.

    Returns
    -------
    int
        The `k` of the table; 0 if it has no rows.

    Raises
    ------
    ValueError
        If a name is no column of the table; the message holds `quasi_identifiers` and the name.

    References
    ----------
    Sweeney 2002, "k-anonymity: a model for protecting privacy".

    Examples
    --------
    >>> table = {"age": torch.tensor([30, 30, 40]), "zip": torch.tensor([1, 1, 1])}
    >>> k_anonymity(table, ["zip"]), k_anonymity(table, ["age", "zip"])
    (3, 1)
    """
    return _smallest(torch.bincount(_groups(table, quasi_identifiers)))


def l_diversity(
    table: Mapping[str, Tensor], quasi_identifiers: Sequence[str], sensitive: str
) -> int:
    """Smallest number of distinct sensitive values in any group.

    Parameters
    ----------
    table : mapping of str to Tensor of shape (rows,)
        The columns by name, int64, all of one length.
    quasi_identifiers : sequence of str
        Names of the columns that make the groups, as in `k_anonymity`.
    sensitive : str
        Name of the column that must not become known.

    Returns
    -------
    int
        The `l` of the table; 0 if it has no rows.

    Raises
    ------
    ValueError
        If a name is no column of the table; the message holds the argument and the name.

    References
    ----------
    Machanavajjhala et al. 2007, "l-Diversity: Privacy Beyond k-Anonymity" (distinct
    l-diversity).
    """
    groups = _groups(table, quasi_identifiers)
    _column_of(table, sensitive=sensitive)
    values, span = _codes(table[sensitive])
    pairs = torch.unique(groups * span + values)
    return _smallest(torch.bincount(pairs // span))


def generalise(table: Mapping[str, Tensor], widths: Mapping[str, int]) -> dict[str, Tensor]:
    """Coarsen columns to intervals.

    Parameters
    ----------
    table : mapping of str to Tensor of shape (rows,)
        The columns by name, int64.
    widths : mapping of str to int
        The width of the intervals for each column that is to be coarsened, at least 1.

    Returns
    -------
    dict of str to Tensor
        New columns under the same names. Where there is a width `w`, each value becomes the
        lower end of its interval, the largest multiple of `w` that does not exceed it.

    Raises
    ------
    ValueError
        If a name in `widths` is no column of the table (the message holds `widths` and the
        name), or a width is below 1 (`widths` and the width).
    """
    for name, width in widths.items():
        _column_of(table, widths=name)
        _between(1, math.inf, widths=width)
    return {
        name: column.div(widths.get(name, 1), rounding_mode="floor") * widths.get(name, 1)
        for name, column in table.items()
    }


def suppress(
    table: Mapping[str, Tensor], quasi_identifiers: Sequence[str], k: int
) -> dict[str, Tensor]:
    """Leave out the rows that stand in groups of fewer than `k`.

    Parameters
    ----------
    table : mapping of str to Tensor of shape (rows,)
        The columns by name, int64, all of one length.
    quasi_identifiers : sequence of str
        Names of the columns that make the groups, as in `k_anonymity`.
    k : int
        Size of the smallest group that may stay, at least 1.

    Returns
    -------
    dict of str to Tensor
        New columns under the same names, with the rows that are left in their old order.

    Raises
    ------
    ValueError
        If a name is no column of the table (the message holds `quasi_identifiers` and the
        name), or `k` is below 1 (`k` and its value).
    """
    _between(1, math.inf, k=k)
    groups = _groups(table, quasi_identifiers)
    keep = torch.bincount(groups)[groups] >= k
    return {name: column[keep] for name, column in table.items()}


def _groups(table: Mapping[str, Tensor], names: Sequence[str]) -> Tensor:
    """A number for each row, the same for rows that agree in the named columns."""
    for name in names:
        _column_of(table, quasi_identifiers=name)
    groups = torch.zeros_like(next(iter(table.values())))
    for name in names:
        values, span = _codes(table[name])
        groups, _ = _codes(groups * span + values)
    return groups


def _codes(values: Tensor) -> tuple[Tensor, int]:
    """Small numbers from 0 that are equal where `values` are, and a bound above them."""
    rows = len(values)
    if rows == 0:
        return values, 1
    low, high = (int(end) for end in values.aminmax())
    if high - low < 4 * rows:  # dense enough to be counted as they are, without sorting
        return values - low, high - low + 1
    distinct, codes = torch.unique(values, return_inverse=True)
    return codes, len(distinct)


def _smallest(counts: Tensor) -> int:
    """The smallest count above 0, or 0 if there is none."""
    present = counts[counts > 0]
    return int(present.min()) if len(present) else 0


# -- Part 2: Noise mechanisms -----------------------------------------------------------------


def laplace_mechanism(
    values: Tensor, sensitivity: float, epsilon: float, generator: Generator
) -> Tensor:
    """Answers with Laplace noise, which are `epsilon`-differentially private.

    Parameters
    ----------
    values : Tensor of any shape
        The true answers, floating point.
    sensitivity : float
        The most by which one person can change the answers, as the sum of absolute changes
        (L1); above 0.
    epsilon : float
        The privacy loss that is allowed, above 0.
    generator : Generator
        Source of the noise, on the device of `values`.

    Returns
    -------
    Tensor of the shape of `values`
        The answers, each with noise of its own from the Laplace distribution of mean 0 and
        scale `sensitivity / epsilon`; dtype and device unchanged.

    Raises
    ------
    ValueError
        If `sensitivity` or `epsilon` is not above 0; the message holds its name and its value.

    References
    ----------
    Dwork and Roth 2014, "The Algorithmic Foundations of Differential Privacy", section 3.3.
    """
    _above(0, sensitivity=sensitivity)
    _above(0, epsilon=epsilon)
    # The difference of two exponential variables is a Laplace variable, without any log of 0.
    up, down = values.new_empty(2, *values.shape).exponential_(generator=generator)
    return values + (up - down) * (sensitivity / epsilon)


def gaussian_delta(sigma: float, epsilon: float, sensitivity: float = 1.0) -> float:
    """The smallest `delta` for which Gaussian noise is (`epsilon`, `delta`)-private.

    Parameters
    ----------
    sigma : float
        Standard deviation of the noise, above 0.
    epsilon : float
        The privacy loss that is allowed, at least 0. May be large: 1000, say.
    sensitivity : float, default 1.0
        The most by which one person can change the answers, as a Euclidean distance (L2);
        above 0.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    With `s = sigma / sensitivity` and the normal distribution function `Phi`:
    `Phi(1 / (2 s) - epsilon s) - exp(epsilon) Phi(-1 / (2 s) - epsilon s)`.

    References
    ----------
    Balle and Wang 2018, "Improving the Gaussian Mechanism for Differential Privacy", theorem 8.

    Examples
    --------
    >>> round(gaussian_delta(1.0, 1.0), 6)
    0.126937
    """
    _above(0, sigma=sigma)
    _between(0, math.inf, epsilon=epsilon)
    _above(0, sensitivity=sensitivity)
    s = sigma / sensitivity
    ends = torch.tensor([1 / (2 * s), -1 / (2 * s)], dtype=torch.float64) - epsilon * s
    # In logarithms, for exp(epsilon) alone may be too large for a float.
    worse, better = torch.special.log_ndtr(ends).tolist()
    return math.exp(worse) - math.exp(epsilon + better)


def gaussian_sigma(
    epsilon: float, delta: float, sensitivity: float = 1.0, method: str = "analytic"
) -> float:
    """Standard deviation of the Gaussian noise that (`epsilon`, `delta`)-privacy takes.

    Parameters
    ----------
    epsilon : float
        The privacy loss that is allowed, above 0, and at most 1 if the method is "classic".
    delta : float
        The probability with which it may be exceeded, above 0 and below 1.
    sensitivity : float, default 1.0
        The most by which one person can change the answers, as a Euclidean distance (L2);
        above 0.
    method : {"analytic", "classic"}
        "analytic": the smallest that suffices, so that `gaussian_delta` of it is `delta`.
        "classic": `sqrt(2 ln(1.25 / delta)) sensitivity / epsilon`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    References
    ----------
    Dwork and Roth 2014, theorem A.1 (classic); Balle and Wang 2018, algorithm 1 (analytic).
    """
    methods = ("analytic", "classic")
    _require(method in methods, methods, method=method)
    _above(0, epsilon=epsilon)
    _check_delta(delta)
    _above(0, sensitivity=sensitivity)
    if method == "classic":
        _between(0, 1, epsilon=epsilon)  # above, the theorem does not hold
        return sensitivity * math.sqrt(2 * math.log(1.25 / delta)) / epsilon
    return sensitivity * _least(lambda sigma: gaussian_delta(sigma, epsilon), delta)


def _least(cost: Callable[[float], float], budget: float) -> float:
    """The least noise within `budget`, or up to 1e-8 above; `cost` falls as noise rises."""
    low, high = 1.0, 1.0
    while cost(high) > budget:
        low, high = high, 2 * high
    while cost(low) <= budget:
        low, high = low / 2, low
    while high > low * (1 + 1e-8):
        middle = (low + high) / 2
        low, high = (low, middle) if cost(middle) <= budget else (middle, high)
    return high


# -- Part 3: Randomised response --------------------------------------------------------------


def randomised_response(answers: Tensor, epsilon: float, generator: Generator) -> Tensor:
    """Answers to a yes-or-no question, some of them reversed, which are `epsilon`-private.

    Parameters
    ----------
    answers : Tensor of any shape
        The true answers, bool.
    epsilon : float
        The privacy loss that is allowed, above 0.
    generator : Generator
        Source of randomness, on the device of `answers`.

    Returns
    -------
    Tensor of the shape of `answers`
        bool, on the same device. Each answer is the true one with the probability
        `exp(epsilon) / (1 + exp(epsilon))`, independently of all others, and else its opposite.

    Raises
    ------
    ValueError
        If `epsilon` is not above 0; the message holds its name and its value.

    References
    ----------
    Warner 1965, "Randomized Response: A Survey Technique for Eliminating Evasive Answer Bias".
    """
    truth = _truth(epsilon)
    return answers ^ (_uniform(answers.shape, generator) >= truth)


def estimate_share(responses: Tensor, epsilon: float) -> tuple[float, float]:
    """Share of people whose true answer is yes, estimated from randomised responses.

    Parameters
    ----------
    responses : Tensor of any shape
        What `randomised_response` made of the true answers, bool; at least 2.
    epsilon : float
        The `epsilon` that it was given, above 0.

    Returns
    -------
    share : float
        The unbiased estimate. It may lie outside 0 to 1.
    variance : float
        The unbiased estimate of its variance, if the people asked are a random sample.

    Raises
    ------
    ValueError
        If `epsilon` is not above 0 (the message holds its name and its value), or there are
        fewer than 2 responses (`responses` and their number).

    Notes
    -----
    With the probability of truth `p`, and the share `r` of yes among `n` responses:
    `share = (r - (1 - p)) / (2 p - 1)`, `variance = r (1 - r) / ((n - 1) (2 p - 1)**2)`.
    """
    truth, count = _truth(epsilon), responses.numel()
    _between(2, math.inf, responses=count)
    yes, gain = int(responses.sum()) / count, 2 * truth - 1
    return (yes + truth - 1) / gain, yes * (1 - yes) / ((count - 1) * gain**2)


def _truth(epsilon: float) -> float:
    _above(0, epsilon=epsilon)
    return 1 / (1 + math.exp(-epsilon))


def _uniform(shape: Sequence[int], generator: Generator) -> Tensor:
    # In float64, for a rate of 1e-6 is coarse in float32: its draws are multiples of 2**-24.
    return torch.rand(shape, generator=generator, dtype=torch.float64, device=generator.device)


# -- Part 4: Per-sample gradients -------------------------------------------------------------


def per_sample_gradients(
    layers: Sequence[tuple[Tensor, Tensor]], inputs: Tensor, targets: Tensor
) -> list[Tensor]:
    """Gradient of each example's own loss, for every parameter of a multilayer perceptron.

    Parameters
    ----------
    layers : sequence of (weight, bias)
        Weights of shape (units, inputs), biases (units,), with a ReLU after each layer but
        the last, whose outputs are logits.
    inputs : Tensor of shape (batch, features)
        Examples, of the layers' dtype and device; there may be none.
    targets : Tensor of shape (batch,)
        Their classes, int64.

    Returns
    -------
    list of Tensor
        For weight, bias, weight, bias ... in the order of the layers: a tensor of shape
        (batch, *shape of the parameter), whose row `i` is the gradient of the cross-entropy
        of example `i` alone.

    References
    ----------
    Goodfellow 2015, "Efficient Per-Example Gradient Computations".
    """
    gradients = []
    for activations, errors in _backward(layers, inputs, targets):
        gradients += [errors.unsqueeze(2) * activations.unsqueeze(1), errors]
    return gradients


def clip_gradients(gradients: Sequence[Tensor], max_norm: float) -> list[Tensor]:
    """Scale down the gradients of those examples whose norm exceeds `max_norm`.

    Parameters
    ----------
    gradients : sequence of Tensor
        One for each parameter, of shape (batch, *shape of the parameter), floating point.
    max_norm : float
        The largest Euclidean norm that an example's gradient may have, above 0.

    Returns
    -------
    list of Tensor
        New tensors of the same shapes. The gradient of an example, all its tensors together,
        is multiplied by `min(1, max_norm / norm)`; one of norm 0 stays 0.

    Raises
    ------
    ValueError
        If `max_norm` is not above 0; the message holds its name and its value.
    """
    rows = [g.reshape(len(g), math.prod(g.shape[1:])) for g in gradients]
    factors = _clip_factors([row.square().sum(1) for row in rows], max_norm)
    return list(map(Tensor.view_as, [row * factors for row in rows], gradients))


def _clip_factors(squared_norms: Sequence[Tensor], max_norm: float) -> Tensor:
    """Factor for each example, as a column; a norm of 0 gives infinity, and then 1."""
    _above(0, max_norm=max_norm)
    norms = torch.stack(list(squared_norms)).sum(0).sqrt()
    return (max_norm / norms).clamp(max=1).unsqueeze(1)


def _backward(
    layers: Sequence[tuple[Tensor, Tensor]], inputs: Tensor, targets: Tensor
) -> list[tuple[Tensor, Tensor]]:
    """For each layer its inputs (batch, inputs) and the loss's gradient by its sums (batch, units).

    The gradient of one example by a weight is the outer product of the two, by a bias the second.
    """
    seen = [inputs]
    for weight, bias in layers[:-1]:
        seen.append(torch.relu(functional.linear(seen[-1], weight, bias)))
    logits = functional.linear(seen[-1], *layers[-1])
    errors = logits.softmax(1) - functional.one_hot(targets, logits.shape[1])
    pairs = [(seen[-1], errors)]
    for depth in range(len(layers) - 1, 0, -1):
        errors = (errors @ layers[depth][0]) * (seen[depth] > 0)
        pairs.append((seen[depth - 1], errors))
    return pairs[::-1]


# -- Part 5: DP-SGD ---------------------------------------------------------------------------


def poisson_batch(count: int, sampling_rate: float, generator: Generator) -> Tensor:
    """Rows of a batch that every row joins independently of all others.

    Parameters
    ----------
    count : int
        Number of rows in the training set, at least 0.
    sampling_rate : float
        The probability with which each row joins, from 0 to 1.
    generator : Generator
        Source of randomness.

    Returns
    -------
    Tensor of shape (batch,)
        The rows, ascending, int64, on the generator's device. The size of the batch varies,
        and may be 0.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.
    """
    _between(0, math.inf, count=count)
    _between(0, 1, sampling_rate=sampling_rate)
    return (_uniform((count,), generator) < sampling_rate).nonzero().squeeze(1)


def dp_sgd_step(
    layers: Sequence[tuple[Tensor, Tensor]],
    inputs: Tensor,
    targets: Tensor,
    noise: Sequence[tuple[Tensor, Tensor]],
    max_norm: float,
    noise_multiplier: float,
    expected_batch_size: float,
    lr: float,
) -> list[tuple[Tensor, Tensor]]:
    """One step of differentially private gradient descent on a multilayer perceptron.

    Parameters
    ----------
    layers : sequence of (weight, bias)
        The network, as in `per_sample_gradients`.
    inputs : Tensor of shape (batch, features)
        The examples of the batch; there may be none.
    targets : Tensor of shape (batch,)
        Their classes, int64.
    noise : sequence of (weight, bias)
        Independent draws from the standard normal distribution, shaped like `layers`.
    max_norm : float
        The largest norm that an example's gradient may have, above 0.
    noise_multiplier : float
        Standard deviation of the noise on the *sum* of gradients, in units of `max_norm`; at
        least 0.
    expected_batch_size : float
        The mean size of a batch: number of training rows times sampling rate; above 0.
    lr : float
        Learning rate.

    Returns
    -------
    list of (weight, bias)
        New tensors. With the clipped gradients `g_i` of the examples, each parameter `p` and
        its noise `z`:
        `p - lr * (sum of g_i + noise_multiplier * max_norm * z) / expected_batch_size`.

    Raises
    ------
    ValueError
        If `max_norm`, `noise_multiplier` or `expected_batch_size` is outside its range; the
        message holds its name and its value.

    References
    ----------
    Abadi et al. 2016, "Deep Learning with Differential Privacy", algorithm 1.
    """
    _between(0, math.inf, noise_multiplier=noise_multiplier)
    _above(0, expected_batch_size=expected_batch_size)
    pairs = _backward(layers, inputs, targets)
    # An outer product's norm is the product of norms: no gradient of an example is ever formed.
    squared = [e.square().sum(1) * (a.square().sum(1) + 1) for a, e in pairs]
    factors = _clip_factors(squared, max_norm)
    rate, deviation = lr / expected_batch_size, noise_multiplier * max_norm

    def stepped(layer: _Layer, draws: _Layer, pair: _Layer) -> _Layer:
        activations, clipped = pair[0], pair[1] * factors
        by_weight = clipped.T @ activations + deviation * draws[0]
        by_bias = clipped.sum(0) + deviation * draws[1]
        return layer[0] - rate * by_weight, layer[1] - rate * by_bias

    return list(map(stepped, layers, noise, pairs))


# -- Part 6: Privacy accounting ---------------------------------------------------------------


def rdp_sampled_gaussian(
    sampling_rate: float, noise_multiplier: float, orders: Sequence[int]
) -> Tensor:
    """Rényi divergence bound of one step with Poisson sampling and Gaussian noise.

    Parameters
    ----------
    sampling_rate : float
        The probability with which each row joins a batch, above 0 and at most 1.
    noise_multiplier : float
        Standard deviation of the noise in units of the sensitivity, above 0.
    orders : sequence of int
        Orders of the divergence, each at least 2.

    Returns
    -------
    Tensor of shape (orders,)
        float64, on the CPU.

    Raises
    ------
    ValueError
        If an argument, or one of the orders, is outside its range; the message holds its
        name and the value.

    Notes
    -----
    For the order `a`, rate `q` and noise `s`, with `w_k = C(a, k) (1 - q)**(a - k) q**k` and
    `g_k = (k**2 - k) / (2 s**2)`: `log(sum over k = 0 .. a of w_k exp(g_k)) / (a - 1)`.

    References
    ----------
    Mironov, Talwar and Zhang 2019, "Rényi Differential Privacy of the Sampled Gaussian
    Mechanism", section 3.3.
    """
    q = sampling_rate
    _above(0, sampling_rate=q)
    _between(0, 1, sampling_rate=q)
    _above(0, noise_multiplier=noise_multiplier)
    for order in orders:
        _between(2, math.inf, orders=order)
    a = torch.tensor(orders, dtype=torch.float64).unsqueeze(1)
    if q == 1:
        return a.squeeze(1) / (2 * noise_multiplier**2)
    # The weights add up to 1, and the first two exponentials are 1: sum what exceeds it, for a
    # small rate would drown in rounding otherwise.
    k = torch.arange(2, max(orders) + 1, dtype=torch.float64)
    growth = k * (k - 1) / (2 * noise_multiplier**2)
    by_k = k * math.log(q) - torch.lgamma(k + 1) + growth + torch.log(-torch.expm1(-growth))
    # Where k exceeds the order, log-gamma is infinite and the term vanishes.
    terms = by_k + torch.lgamma(a + 1) - torch.lgamma(a - k + 1) + (a - k) * math.log1p(-q)
    excess = terms.logsumexp(1)
    return torch.logaddexp(excess, torch.zeros_like(excess)) / (a.squeeze(1) - 1)


def rdp_to_epsilon(rdp: Tensor, orders: Sequence[float], delta: float) -> float:
    """The `epsilon` that bounds on the Rényi divergence give, at the best of their orders.

    Parameters
    ----------
    rdp : Tensor of shape (orders,)
        A bound for each order, float64.
    orders : sequence of float
        The orders, each above 1.
    delta : float
        The probability with which `epsilon` may be exceeded, above 0 and below 1.

    Returns
    -------
    float
        At least 0.

    Raises
    ------
    ValueError
        If `delta` or one of the orders is outside its range; the message holds its name and
        the value.

    Notes
    -----
    The smallest of `rdp + log((a - 1) / a) - (log(delta) + log(a)) / (a - 1)` over the orders
    `a`, and 0 if that is negative.

    References
    ----------
    Canonne, Kamath and Steinke 2020, "The Discrete Gaussian for Differential Privacy",
    proposition 12.
    """
    _check_delta(delta)
    for order in orders:
        _above(1, orders=order)
    a = torch.tensor(orders, dtype=torch.float64)
    epsilons = rdp.cpu() + torch.log1p(-1 / a) - (math.log(delta) + torch.log(a)) / (a - 1)
    return max(0.0, float(epsilons.min()))


def epsilon_spent(sampling_rate: float, noise_multiplier: float, steps: int, delta: float) -> float:
    """The `epsilon` of a whole run of DP-SGD.

    Parameters
    ----------
    sampling_rate : float
        The probability with which each row joins a batch, above 0 and at most 1.
    noise_multiplier : float
        Standard deviation of the noise in units of the clipping norm, above 0.
    steps : int
        Number of steps, at least 1.
    delta : float
        The probability with which `epsilon` may be exceeded, above 0 and below 1.

    Returns
    -------
    float
        An `epsilon` for which the run is (`epsilon`, `delta`)-private: what `rdp_to_epsilon`
        gives for `steps` times the divergence, over the orders 2 to 256, or less if a tighter
        method proves it.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.
    """
    _between(1, math.inf, steps=steps)
    orders = range(2, 257)
    rdp = steps * rdp_sampled_gaussian(sampling_rate, noise_multiplier, orders)
    return rdp_to_epsilon(rdp, orders, delta)


def noise_for_epsilon(epsilon: float, delta: float, sampling_rate: float, steps: int) -> float:
    """Noise with which a run of DP-SGD stays within its budget, and hardly more than it takes.

    Parameters
    ----------
    epsilon : float
        The privacy loss that is allowed, above 0.
    delta : float
        The probability with which it may be exceeded, above 0 and below 1.
    sampling_rate : float
        The probability with which each row joins a batch, above 0 and at most 1.
    steps : int
        Number of steps, at least 1.

    Returns
    -------
    float
        A noise multiplier with which `epsilon_spent` is at most `epsilon`, and not with 0.1 %
        less.

    Raises
    ------
    ValueError
        If an argument is outside its range, or a noise multiplier of 10,000 is not enough
        for `epsilon`; the message holds its name and its value.
    """
    _above(0, epsilon=epsilon)

    def cost(noise: float) -> float:
        return epsilon_spent(sampling_rate, noise, steps, delta)

    _between(cost(_MOST_NOISE), math.inf, epsilon=epsilon)
    return _least(cost, epsilon)


# -- Part 7: Secret sharing -------------------------------------------------------------------


def additive_shares(secret: int, parties: int, modulus: int) -> list[int]:
    """Shares that add up to a secret, and of which all but one tell nothing about it.

    Parameters
    ----------
    secret : int
        From 0 to `modulus - 1`.
    parties : int
        Number of shares, at least 2.
    modulus : int
        Size of the ring, at least 2.

    Returns
    -------
    list of int
        Each from 0 to `modulus - 1`; their sum modulo `modulus` is the secret. Any
        `parties - 1` of them are independent and uniform, by a cryptographic source.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.
    """
    _between(2, math.inf, modulus=modulus)
    _between(0, modulus - 1, secret=secret)
    _between(2, math.inf, parties=parties)
    masks = [secrets.randbelow(modulus) for _ in range(parties - 1)]
    return [*masks, (secret - sum(masks)) % modulus]


def shamir_shares(secret: int, threshold: int, parties: int, prime: int) -> list[tuple[int, int]]:
    """Shares of which any `threshold` give a secret, and fewer tell nothing about it.

    Parameters
    ----------
    secret : int
        From 0 to `prime - 1`.
    threshold : int
        Number of shares that it takes, from 1 to `parties`.
    parties : int
        Number of shares, from 1 to `prime - 1`.
    prime : int
        A prime number.

    Returns
    -------
    list of (int, int)
        The points `(x, y)` for `x = 1, 2 .. parties`, with `y` from 0 to `prime - 1`, of a
        polynomial of a degree below `threshold` over the integers modulo `prime`, whose value
        at 0 is the secret. Its other coefficients are uniform, by a cryptographic source.

    Raises
    ------
    ValueError
        If `secret`, `threshold` or `parties` is outside its range; the message holds its name
        and its value.

    References
    ----------
    Shamir 1979, "How to Share a Secret".
    """
    _between(0, prime - 1, secret=secret)
    _between(1, prime - 1, parties=parties)
    _between(1, parties, threshold=threshold)
    coefficients = [secrets.randbelow(prime) for _ in range(threshold - 1)]
    shares = []
    for x in range(1, parties + 1):
        y = 0
        for coefficient in [*coefficients, secret]:  # Horner, the highest power first
            y = (y * x + coefficient) % prime
        shares.append((x, y))
    return shares


def shamir_secret(shares: Sequence[tuple[int, int]], prime: int) -> int:
    """The secret that Shamir shares stand for.

    Parameters
    ----------
    shares : sequence of (int, int)
        At least as many as the threshold, in any order: points `(x, y)` with different `x`
        from 1 to `prime - 1`.
    prime : int
        The prime number with which they were made.

    Returns
    -------
    int
        From 0 to `prime - 1`: the value at 0 of the polynomial through all the points.

    Raises
    ------
    ValueError
        If there are no shares (the message holds `shares` and `[]`), if an `x` is outside its
        range, or if two are the same (`shares` and that `x`).
    """
    _require(len(shares) > 0, "at least one", shares=[])
    places = [x for x, _ in shares]
    for index, x in enumerate(places):
        _between(1, prime - 1, shares=x)
        _require(x not in places[:index], f"none of {places[:index]}", shares=x)
    secret = 0
    for x, y in shares:
        others = [other for other in places if other != x]
        above, below = math.prod(others), math.prod(other - x for other in others)
        secret += y * above * pow(below, -1, prime)
    return secret % prime


# -- Part 8: Paillier encryption --------------------------------------------------------------


def is_prime(number: int) -> bool:
    """Whether a number is prime, but for an error that does not happen in practice.

    Parameters
    ----------
    number : int
        Any integer; it may have thousands of bits.

    Returns
    -------
    bool
        True for every prime; True for a composite with a probability below 1e-11, whichever it is.

    References
    ----------
    Rabin 1980, "Probabilistic Algorithm for Testing Primality".
    """
    if number < 4:
        return number > 1
    twos = ((number - 1) & (1 - number)).bit_length() - 1
    if twos == 0:
        return False
    return all(_passes(secrets.randbelow(number - 3) + 2, number, twos) for _ in range(20))


def paillier_keys(bits: int) -> tuple[int, tuple[int, int]]:
    """A key pair.

    Parameters
    ----------
    bits : int
        Size of the public key, even, at least 16. (Use 3072 in earnest.)

    Returns
    -------
    n : int
        The public key, of exactly `bits` bits: the product of the factors.
    factors : tuple of (int, int)
        The private key: two different primes of `bits / 2` bits each, drawn independently by
        a cryptographic source.

    Raises
    ------
    ValueError
        If `bits` is odd or below 16; the message holds its name and its value.
    """
    _require(bits >= 16 and bits % 2 == 0, "even, 16 or more", bits=bits)
    p = q = _random_prime(bits // 2)
    while p == q:
        q = _random_prime(bits // 2)
    return p * q, (p, q)


def paillier_encrypt(
    n: int,
    message: int,
    randomness: int | None = None,
    factors: tuple[int, int] | None = None,
) -> int:
    """Encrypt an integer.

    Parameters
    ----------
    n : int
        The public key.
    message : int
        From `-(n // 2)` to `n // 2`.
    randomness : int, optional
        From 1 to `n - 1`, without a factor in common with `n`, and never used twice. Drawn
        uniformly by a cryptographic source if not given.
    factors : tuple of (int, int), optional
        The private key, from an owner who encrypts for himself: it changes nothing but the
        time that is needed.

    Returns
    -------
    int
        `(1 + n * message) * randomness**n` modulo `n**2`.

    Raises
    ------
    ValueError
        If `message` or `randomness` is outside its range; the message holds its name and its
        value.

    References
    ----------
    Paillier 1999, "Public-Key Cryptosystems Based on Composite Degree Residuosity Classes",
    with the base `1 + n` of Damgård and Jurik 2001.
    """
    _between(-(n // 2), n // 2, message=message)
    if randomness is None:
        randomness = _random_unit(n)
    fits = 0 < randomness < n and math.gcd(randomness, n) == 1
    _require(fits, f"below {n} and coprime to it", randomness=randomness)
    mask = _residue(randomness, *factors) if factors else pow(randomness, n, n * n)
    return (1 + n * message) * mask % (n * n)


def paillier_decrypt(factors: tuple[int, int], ciphertext: int) -> int:
    """Decrypt an integer.

    Parameters
    ----------
    factors : tuple of (int, int)
        The private key; `n` is their product.
    ciphertext : int
        From 1 to `n**2 - 1`.

    Returns
    -------
    int
        From `-(n // 2)` to `n // 2`.

    Raises
    ------
    ValueError
        If `ciphertext` is outside its range; the message holds its name and its value.
    """
    p, q = factors
    n = p * q
    _between(1, n * n - 1, ciphertext=ciphertext)
    message = _crt(_logarithm(ciphertext, p, q), p, _logarithm(ciphertext, q, p), q)
    return message - n if message > n // 2 else message


def paillier_add(n: int, ciphertexts: Sequence[int]) -> int:
    """Add encrypted integers without decrypting them.

    Parameters
    ----------
    n : int
        The public key.
    ciphertexts : sequence of int
        Any number of them, encrypted with `n`.

    Returns
    -------
    int
        From 1 to `n**2 - 1`: a ciphertext of the sum, modulo `n`; of 0, such as 1, if there is
        nothing to add.
    """
    total, square = 1, n * n
    for ciphertext in ciphertexts:
        total = total * ciphertext % square
    return total


def paillier_scale(n: int, ciphertext: int, factor: int) -> int:
    """Multiply an encrypted integer by one that is known, without decrypting it.

    Parameters
    ----------
    n : int
        The public key.
    ciphertext : int
        Encrypted with `n`.
    factor : int
        Any integer, negative ones and 0 included.

    Returns
    -------
    int
        From 1 to `n**2 - 1`: a ciphertext of the product, modulo `n`.
    """
    return pow(ciphertext, factor, n * n)


def _passes(base: int, number: int, twos: int) -> bool:
    """Whether an odd `number` behaves to `base` as a prime would."""
    power = pow(base, number >> twos, number)
    if power == 1:
        return True
    for _ in range(twos):
        if power == number - 1:
            return True
        power = power * power % number
    return False


def _random_prime(bits: int) -> int:
    while True:
        # With its two highest bits set, the product of two has twice the bits, none less.
        candidate = secrets.randbits(bits) | 3 << (bits - 2) | 1
        if math.gcd(candidate, _SMALL_PRIMES) == 1 and is_prime(candidate):
            return candidate


def _random_unit(n: int) -> int:
    while True:
        unit = secrets.randbelow(n)
        if math.gcd(unit, n) == 1:
            return unit


def _residue(unit: int, p: int, q: int) -> int:
    """`unit**(p * q)` modulo `(p * q)**2`, a prime at a time.

    Modulo `p**2` a `p`-th power depends on its base modulo `p` only, so that the other
    exponent, `q`, costs numbers of half the size.
    """
    by_p, by_q = pow(pow(unit, q, p), p, p * p), pow(pow(unit, p, q), q, q * q)
    return _crt(by_p, p * p, by_q, q * q)


def _logarithm(ciphertext: int, p: int, q: int) -> int:
    """The message modulo `p`: `(1 + p q m)**(p - 1)` is `1 - p q m` modulo `p**2`."""
    return (1 - pow(ciphertext, p - 1, p * p)) // p * pow(q, -1, p) % p


def _crt(by_p: int, p: int, by_q: int, q: int) -> int:
    """The number from 0 to `p * q - 1` with these remainders."""
    return by_q + q * ((by_p - by_q) * pow(q, -1, p) % p)


# -- shared -----------------------------------------------------------------------------------


def _column_of(table: Mapping[str, Tensor], **argument: str) -> None:
    ((name, value),) = argument.items()
    _require(value in table, list(table), **{name: value})


def _check_delta(delta: float) -> None:
    _above(0, delta=delta)
    _require(delta < 1, "below 1", delta=delta)


def _above(low: float, **argument: float) -> None:
    ((name, value),) = argument.items()
    _require(value > low, f"above {low}", **{name: value})


def _between(low: float, high: float, **argument: float) -> None:
    ((name, value),) = argument.items()
    _require(low <= value <= high, f"from {low} to {high}", **{name: value})


def _require(fits: bool, expected: object, **argument: object) -> None:
    if not fits:
        ((name, value),) = argument.items()
        raise ValueError(f"{name} is {value}; expected {expected}")
