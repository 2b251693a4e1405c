"""Privacy against pandas, opacus, dp-accounting and phe."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from grader.bench import Case, each, load_peer
from grader.compare import assert_close, assert_equal

ROWS = 1_000_000
SIZES, TRAINING, BATCH = (64, 128, 10), 1437, 256
STEPS = 24
KEY_BITS, NUMBERS = 2048, 10


def cases(solution: Any) -> Iterator[Case]:
    """Each peer in turn; all results are compared first."""
    return each(
        solution, _against_pandas, _against_opacus, _against_dp_accounting, _accountants, _paillier
    )


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _quiet(work: Callable[[], Any]) -> Callable[[], Any]:
    """Without the warnings that a peer has for every call."""

    def run() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return work()

    return run


# -- pandas -----------------------------------------------------------------------------------


def _against_pandas(s: Any) -> Iterator[Case]:
    pandas = load_peer("pandas")

    generator = torch.Generator().manual_seed(0)
    ends = {"age": 90, "zip": 500, "sex": 2, "job": 8, "illness": 40}
    table = {name: torch.randint(end, (ROWS,), generator=generator) for name, end in ends.items()}
    frame = pandas.DataFrame({name: column.numpy() for name, column in table.items()})
    names = ["age", "zip", "sex", "job"]
    size = f"{ROWS:,} rows, {len(names)} quasi-identifiers"

    def suppressed() -> dict[str, Tensor]:
        kept = frame[frame.groupby(names)["illness"].transform("size") >= 3]
        return {name: torch.from_numpy(kept[name].to_numpy(copy=True)) for name in table}

    yield Case(
        f"k-anonymity of {size}",
        "pandas groupby",
        lambda: s.k_anonymity(table, names),
        lambda: int(frame.groupby(names).size().min()),
        assert_equal,
        rounds=5,
    )
    yield Case(
        f"l-diversity of {size}",
        "pandas groupby",
        lambda: s.l_diversity(table, names, "illness"),
        lambda: int(frame.groupby(names)["illness"].nunique().min()),
        assert_equal,
        rounds=5,
    )
    yield Case(
        f"rows in groups of 3 or more, {size}",
        "pandas groupby",
        lambda: s.suppress(table, names, 3),
        suppressed,
        assert_equal,
        rounds=5,
    )


# -- opacus -----------------------------------------------------------------------------------


def _network() -> list[tuple[Tensor, Tensor]]:
    pairs = list(itertools.pairwise(SIZES))
    return [(_normal(u, i, seed=u) / i**0.5, 0.1 * _normal(u, seed=u + 1)) for i, u in pairs]


def _module(layers: list[tuple[Tensor, Tensor]]) -> nn.Sequential:
    model = nn.Sequential(nn.Linear(*SIZES[:2]), nn.ReLU(), nn.Linear(*SIZES[1:]))
    linear: list[Any] = [model[0], model[2]]
    for layer, (weight, bias) in zip(linear, layers, strict=True):
        layer.weight, layer.bias = nn.Parameter(weight.clone()), nn.Parameter(bias.clone())
    return model


def _pairs(flat: Any) -> list[tuple[Tensor, Tensor]]:
    tensors = [tensor.detach() for tensor in flat]
    return list(zip(tensors[::2], tensors[1::2], strict=True))


def _against_opacus(s: Any) -> Iterator[Case]:
    wrapper = load_peer("opacus.grad_sample").GradSampleModule
    optimizers = load_peer("opacus.optimizers.optimizer")

    layers, inputs = _network(), _normal(TRAINING, SIZES[0])
    targets = inputs[:, : SIZES[-1]].argmax(1)
    generator = torch.Generator().manual_seed(1)
    rate = BATCH / TRAINING
    batches = [s.poisson_batch(TRAINING, rate, generator) for _ in range(STEPS)]
    shapes = [p.shape for layer in layers for p in layer]
    noises = [[torch.randn(shape, generator=generator) for shape in shapes] for _ in range(STEPS)]
    multiplier, max_norm, lr = 1.1, 1.0, 0.5

    def ours() -> list[tuple[Tensor, Tensor]]:
        network = layers
        for rows, noise in zip(batches, noises, strict=True):
            network = s.dp_sgd_step(
                network,
                inputs[rows],
                targets[rows],
                _pairs(noise),
                max_norm,
                multiplier,
                BATCH,
                lr,
            )
        return network

    def theirs() -> list[tuple[Tensor, Tensor]]:
        model = wrapper(_module(layers))
        optimizer = optimizers.DPOptimizer(
            torch.optim.SGD(model.parameters(), lr=lr),
            noise_multiplier=multiplier,
            max_grad_norm=max_norm,
            expected_batch_size=BATCH,
        )
        queue = iter([z for noise in noises for z in noise])
        drawn = optimizers._generate_noise
        # The same noise for both, for which the peer pays as little as the reference.
        optimizers._generate_noise = lambda std, **_: std * next(queue)
        for rows in batches:
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs[rows]), targets[rows]).backward()
            optimizer.step()
        optimizers._generate_noise = drawn
        return _pairs(model.parameters())

    yield Case(
        f"{STEPS} steps of DP-SGD on a {'-'.join(map(str, SIZES))} network",
        "opacus.DPOptimizer",
        ours,
        _quiet(theirs),
        lambda a, b: assert_close(a, b, rtol=1e-4),  # opacus divides by the norm plus 1e-6
    )
    yield from _per_sample(s, wrapper, layers, inputs[:BATCH], targets[:BATCH])


def _per_sample(
    s: Any, wrapper: Any, layers: list[tuple[Tensor, Tensor]], inputs: Tensor, targets: Tensor
) -> Iterator[Case]:
    model = _quiet(lambda: wrapper(_module(layers)))()
    flat = tuple(p for layer in layers for p in layer)

    def by_hooks() -> list[Tensor]:
        model.zero_grad()
        functional.cross_entropy(model(inputs), targets, reduction="sum").backward()
        return [p.grad_sample / len(inputs) for p in model.parameters()]

    def loss(parameters: tuple[Tensor, ...], x: Tensor, target: Tensor) -> Tensor:
        hidden = torch.relu(functional.linear(x, *parameters[:2]))
        return functional.cross_entropy(functional.linear(hidden, *parameters[2:]), target)

    def by_vmap() -> list[Tensor]:
        gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
        return list(gradients(flat, inputs, targets))

    work = f"per-sample gradients of {BATCH} examples on the same network"
    for peer, theirs in (
        ("opacus.GradSampleModule", _quiet(by_hooks)),
        ("torch.func.vmap(grad)", by_vmap),
    ):
        yield Case(
            work,
            peer,
            lambda: s.per_sample_gradients(layers, inputs, targets),
            theirs,
            assert_close,
        )


# -- dp-accounting and opacus's accountant ----------------------------------------------------

ORDERS = range(2, 257)
RUN = {"sampling_rate": 0.01, "noise_multiplier": 4.0, "steps": 10_000, "delta": 1e-5}
TARGET = {"epsilon": 2.0, "delta": 1e-4, "sampling_rate": BATCH / TRAINING, "steps": 200}


def _against_dp_accounting(s: Any) -> Iterator[Case]:
    accounting = load_peer("dp_accounting")
    rdp = load_peer("dp_accounting.rdp")
    common = load_peer("dp_accounting.pld.common")
    mechanisms = load_peer("dp_accounting.pld.privacy_loss_mechanism")

    def event(rate: float, noise: float, steps: int) -> Any:
        sampled = accounting.PoissonSampledDpEvent(rate, accounting.GaussianDpEvent(noise))
        return accounting.SelfComposedDpEvent(sampled, steps)

    def epsilon() -> float:
        accountant = rdp.RdpAccountant(orders=ORDERS)
        accountant.compose(event(*list(RUN.values())[:3]))
        return float(accountant.get_epsilon(RUN["delta"]))

    def noise() -> float:
        return float(
            accounting.calibrate_dp_mechanism(
                lambda: rdp.RdpAccountant(orders=ORDERS),
                lambda noise: event(TARGET["sampling_rate"], noise, TARGET["steps"]),
                TARGET["epsilon"],
                TARGET["delta"],
                tol=4e-4,  # as much as the reference's
            )
        )

    def sigma() -> float:
        guarantee = common.DifferentialPrivacyParameters(0.5, 1e-5)
        loss = mechanisms.GaussianPrivacyLoss.from_privacy_guarantee(guarantee, 2.5)
        return float(loss.standard_deviation)

    orders = "orders 2 to 256"
    yield Case(
        f"epsilon of 10,000 steps, {orders}",
        "dp_accounting.RdpAccountant",
        lambda: s.epsilon_spent(**RUN),
        epsilon,
        lambda a, b: assert_close(a, b, rtol=1e-8),
    )
    yield Case(
        f"noise for an epsilon of 2, {orders}",
        "dp_accounting.calibrate_dp_mechanism",
        lambda: s.noise_for_epsilon(**TARGET),
        noise,
        lambda a, b: assert_close(a, b, rtol=1e-3),
        rounds=3,
    )
    yield Case(
        "sigma of the analytic Gaussian mechanism",
        "dp_accounting.pld.GaussianPrivacyLoss",
        lambda: s.gaussian_sigma(0.5, 1e-5, 2.5),
        sigma,
        lambda a, b: assert_close(a, b, rtol=1e-6),
    )


def _accountants(s: Any) -> Iterator[Case]:
    analysis = load_peer("opacus.accountants.analysis.rdp")

    def epsilon() -> float:
        rdp = analysis.compute_rdp(
            q=RUN["sampling_rate"],
            noise_multiplier=RUN["noise_multiplier"],
            steps=RUN["steps"],
            orders=list(ORDERS),
        )
        return float(
            analysis.get_privacy_spent(orders=list(ORDERS), rdp=rdp, delta=RUN["delta"])[0]
        )

    yield Case(
        "epsilon of 10,000 steps, orders 2 to 256",
        "opacus.accountants",
        lambda: s.epsilon_spent(**RUN),
        epsilon,
        lambda a, b: assert_close(a, b, rtol=1e-8),
    )


# -- phe --------------------------------------------------------------------------------------


def _paillier(s: Any) -> Iterator[Case]:
    phe = load_peer("phe.paillier")
    # The same integers for both: Python's.
    load_peer("phe.util").HAVE_GMP = False

    n, factors = s.paillier_keys(KEY_BITS)
    public = phe.PaillierPublicKey(n)
    private = phe.PaillierPrivateKey(public, *factors)
    values = [3 * value * value + 1 for value in range(NUMBERS)]

    def sum_of_ours() -> int:
        encrypted = [s.paillier_encrypt(n, value, factors=factors) for value in values]
        return s.paillier_decrypt(factors, s.paillier_add(n, encrypted))

    def sum_of_theirs() -> int:
        return private.decrypt(sum(map(public.encrypt, values[1:]), public.encrypt(values[0])))

    yield Case(
        f"{NUMBERS} values encrypted by the key's owner, added, decrypted, {KEY_BITS} bits",
        "phe (with Python's integers, too)",
        sum_of_ours,
        sum_of_theirs,
        assert_equal,
        rounds=3,
    )
