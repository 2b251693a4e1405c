"""Privacy: anonymous tables, noise, private training and accounting, shares, encryption.

The statement is `README.md` beside this file; `nox -s check -- 08` judges your work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Generator, Tensor

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
    raise NotImplementedError("Part 1, Anonymous tables")


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
    raise NotImplementedError("Part 1, Anonymous tables")


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
    raise NotImplementedError("Part 1, Anonymous tables")


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
    raise NotImplementedError("Part 1, Anonymous tables")


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
    raise NotImplementedError("Part 2, Noise mechanisms")


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
    raise NotImplementedError("Part 2, Noise mechanisms")


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
    raise NotImplementedError("Part 2, Noise mechanisms")


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
    raise NotImplementedError("Part 3, Randomised response")


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
    raise NotImplementedError("Part 3, Randomised response")


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
    raise NotImplementedError("Part 4, Per-sample gradients")


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
    raise NotImplementedError("Part 4, Per-sample gradients")


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
    raise NotImplementedError("Part 5, DP-SGD")


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
    raise NotImplementedError("Part 5, DP-SGD")


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
    raise NotImplementedError("Part 6, Privacy accounting")


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
    raise NotImplementedError("Part 6, Privacy accounting")


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
    raise NotImplementedError("Part 6, Privacy accounting")


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
    raise NotImplementedError("Part 6, Privacy accounting")


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
    raise NotImplementedError("Part 7, Secret sharing")


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
    raise NotImplementedError("Part 7, Secret sharing")


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
    raise NotImplementedError("Part 7, Secret sharing")


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
    raise NotImplementedError("Part 8, Paillier encryption")


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
    raise NotImplementedError("Part 8, Paillier encryption")


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
    raise NotImplementedError("Part 8, Paillier encryption")


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
    raise NotImplementedError("Part 8, Paillier encryption")


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
    raise NotImplementedError("Part 8, Paillier encryption")


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
    raise NotImplementedError("Part 8, Paillier encryption")
