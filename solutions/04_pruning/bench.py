"""Pruning against torch.nn.utils.prune, torch.ao.pruning, torch-pruning, SciPy and torch.sparse."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from grader.bench import Case, each, load_peer
from grader.compare import assert_close, assert_equal

SIDE, LAYERS = 1024, 4  # of the network whose weights are ranked
SHARE = 0.9
HALF = 0.5


def cases(solution: Any) -> Iterator[Case]:
    """Each peer in turn; all results are compared first."""
    return each(solution, _against_prune, _against_ao, _against_torch_pruning, _against_sparse)


def _normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def _quiet(work: Callable[[], Any]) -> Callable[[], Any]:
    """Without the warnings that sparse tensors are in beta and that a scheduler runs alone."""

    def run() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return work()

    return run


# -- torch.nn.utils.prune ---------------------------------------------------------------------


def _against_prune(s: Any) -> Iterator[Case]:
    prune = load_peer("torch.nn.utils.prune")

    weights = list(_normal(LAYERS, SIDE, SIDE))
    size = f"{SHARE:.0%} of {LAYERS} x {SIDE} x {SIDE} weights"

    def per_layer() -> list[Tensor]:
        layers = _linear(weights)
        for layer in layers:
            prune.l1_unstructured(layer, "weight", SHARE)
        return [layer.weight_mask.bool() for layer in layers]

    def all_at_once() -> list[Tensor]:
        layers = _linear(weights)
        named = [(layer, "weight") for layer in layers]
        prune.global_unstructured(named, prune.L1Unstructured, amount=SHARE)
        return [layer.weight_mask.bool() for layer in layers]

    yield Case(
        f"masks for {size}, layer by layer",
        "prune.l1_unstructured",
        lambda: [s.magnitude_mask(weight, SHARE) for weight in weights],
        per_layer,
        assert_equal,
        rounds=5,
    )
    yield Case(
        f"masks for {size}, globally",
        "prune.global_unstructured",
        lambda: s.global_masks(weights, SHARE),
        all_at_once,
        assert_equal,
        rounds=5,
    )
    yield _finetuning(s)


def _linear(weights: list[Tensor]) -> list[Any]:
    """Layers that share the memory of `weights`, so that nobody pays for copies."""
    layers = []
    for weight in weights:
        layer = nn.Linear(1, 1, bias=False)
        layer.weight = nn.Parameter(weight)
        layers.append(layer)
    return layers


def _finetuning(s: Any) -> Case:
    prune = load_peer("torch.nn.utils.prune")

    sizes, rows, steps, batch = (64, 128, 10), 2048, 200, 64
    inputs = _normal(rows, sizes[0])
    targets = inputs[:, : sizes[-1]].argmax(1)
    shapes = list(zip(sizes[1:], sizes, strict=False))
    layers = [(_normal(*shape) / shape[1] ** 0.5, torch.zeros(shape[0])) for shape in shapes]
    generator = torch.Generator().manual_seed(1)
    batches = list(torch.randint(rows, (steps, batch), generator=generator))
    amounts = torch.full((steps,), SHARE, dtype=torch.float64)
    options: dict[str, Any] = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4}

    def theirs() -> list[tuple[Tensor, Tensor]]:
        model = nn.Sequential(nn.Linear(*sizes[:2]), nn.ReLU(), nn.Linear(*sizes[1:]))
        linear: list[Any] = [model[0], model[2]]
        for layer, (weight, bias) in zip(linear, layers, strict=True):
            layer.weight, layer.bias = nn.Parameter(weight.clone()), nn.Parameter(bias.clone())
        named = [(layer, "weight") for layer in linear]
        prune.global_unstructured(named, prune.L1Unstructured, amount=SHARE)
        optimizer = torch.optim.SGD(model.parameters(), **options)
        for chosen in batches:
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs[chosen]), targets[chosen]).backward()
            optimizer.step()
        for layer in linear:
            prune.remove(layer, "weight")
        return [(layer.weight.detach(), layer.bias.detach()) for layer in linear]

    return Case(
        f"{steps} steps of SGD on a {'-'.join(map(str, sizes))} network, {SHARE:.0%} pruned",
        "prune.global_unstructured and torch.optim.SGD",
        lambda: s.prune_and_finetune(layers, inputs, targets, batches, amounts, **options)[0],
        theirs,
        lambda a, b: assert_close(a, b, rtol=1e-3),  # rounding grows over 200 steps
    )


# -- torch.ao.pruning -------------------------------------------------------------------------


def _against_ao(s: Any) -> Iterator[Case]:
    ao = load_peer("torch.ao.pruning")

    side, steps = 2048, 2000
    weight = _normal(side, side)

    def two_of_four() -> Tensor:
        model: Any = nn.Sequential(*_linear([weight]))
        sparsifier = ao.WeightNormSparsifier(1.0, sparse_block_shape=(1, 4), zeros_per_block=2)
        sparsifier.prepare(model, [{"tensor_fqn": "0.weight"}])
        sparsifier.step()
        return model[0].parametrizations.weight[0].mask.bool()

    def cubic() -> Tensor:
        model = nn.Sequential(*_linear([weight[:4, :4]]))
        sparsifier = ao.WeightNormSparsifier(SHARE)
        sparsifier.prepare(model, [{"tensor_fqn": "0.weight"}])
        scheduler = ao.CubicSL(sparsifier, init_sl=0.1, init_t=0, delta_t=1, total_t=steps - 1)
        levels = []
        for _ in range(steps):
            levels.append(sparsifier.groups[0]["sparsity_level"])
            scheduler.step()
        return torch.tensor(levels, dtype=torch.float64)

    yield Case(
        f"2:4 mask for {side} x {side} weights",
        "torch.ao.pruning.WeightNormSparsifier",
        lambda: s.n_of_m_mask(weight),
        two_of_four,
        assert_equal,
        rounds=9,
    )
    yield Case(
        f"{steps:,} steps of the cubic schedule",
        "torch.ao.pruning.CubicSL",
        lambda: s.cubic_schedule(steps, 0.1, SHARE, 0, steps - 1),
        _quiet(cubic),
        assert_close,
    )


# -- torch-pruning ----------------------------------------------------------------------------


def _against_torch_pruning(s: Any) -> Iterator[Case]:
    tp = load_peer("torch_pruning")

    def half_of(model: nn.Module, example: Tensor, last: Any) -> None:
        importance = tp.importance.MagnitudeImportance(2, "first", None)
        options = {"importance": importance, "pruning_ratio": HALF, "ignored_layers": [last]}
        tp.pruner.MagnitudePruner(model, example, **options).step()

    widths = (512, 1024, 1024, 512, 10)
    shapes = list(zip(widths[1:], widths, strict=False))
    layers = [(_normal(*shape), _normal(shape[0])) for shape in shapes]

    def mlp() -> list[tuple[Tensor, Tensor]]:
        linear = [nn.Linear(1, 1) for _ in layers]
        for layer, (weight, bias) in zip(linear, layers, strict=True):
            layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
            layer.out_features, layer.in_features = weight.shape
        pieces = [m for layer in linear for m in (layer, nn.ReLU())][:-1]
        half_of(nn.Sequential(*pieces), torch.zeros(1, widths[0]), linear[-1])
        return [(layer.weight.detach(), layer.bias.detach()) for layer in linear]

    yield Case(
        f"half the hidden units of a {'-'.join(map(str, widths))} network",
        "torch_pruning.MagnitudePruner",
        lambda: s.prune_neurons(layers, HALF),
        mlp,
        assert_equal,
    )

    def block() -> nn.Sequential:
        convolutions = nn.Conv2d(64, 256, 3, bias=False), nn.Conv2d(256, 64, 3)
        named = {"conv1": convolutions[0], "bn": nn.BatchNorm2d(256), "conv2": convolutions[1]}
        return nn.Sequential(OrderedDict(named))

    state = {name: tensor.clone() for name, tensor in block().state_dict().items()}

    def conv() -> dict[str, Tensor]:
        model = block().eval()
        model.load_state_dict(state)
        half_of(model, torch.zeros(1, 64, 8, 8), model.conv2)
        return dict(model.state_dict())

    yield Case(
        "half the channels between two 3 x 3 convolutions, 64-256-64",
        "torch_pruning.MagnitudePruner",
        lambda: s.prune_channels(state, HALF),
        conv,
        assert_equal,
    )


# -- compressed layers ------------------------------------------------------------------------


def _against_sparse(s: Any) -> Iterator[Case]:
    csr_matrix = load_peer("scipy.sparse").csr_matrix

    side, batch = 2048, 64
    weight, inputs = _normal(side, side), _normal(batch, side)
    weight = weight.masked_fill(~s.magnitude_mask(weight, SHARE), 0)
    csr = s.to_csr(weight)
    theirs = csr_matrix(weight.numpy())
    shape = f"a {side} x {side} weight with {SHARE:.0%} zeros"

    def parts(indptr: Any, indices: Any, values: Any) -> dict[str, Tensor]:
        named = {"indptr": indptr, "indices": indices, "values": values}
        return {name: torch.as_tensor(value) for name, value in named.items()}

    def by_torch() -> dict[str, Tensor]:
        found = weight.to_sparse_csr()
        return parts(found.crow_indices().int(), found.col_indices().int(), found.values())

    def by_scipy() -> dict[str, Tensor]:
        found = csr_matrix(weight.numpy())
        return parts(found.indptr, found.indices, found.data)

    for peer, compress in (("Tensor.to_sparse_csr", _quiet(by_torch)), ("scipy.sparse", by_scipy)):
        yield Case(f"compressing {shape}", peer, lambda: s.to_csr(weight), compress, assert_equal)

    sparse = _quiet(weight.to_sparse_csr)()
    for peer, product in (
        ("torch.sparse", lambda: (sparse @ inputs.T).T),
        ("scipy.sparse", lambda: torch.from_numpy((theirs @ inputs.numpy().T).T)),
        ("the dense layer, F.linear", lambda: functional.linear(inputs, weight)),
    ):
        work = f"a batch of {batch} through {shape}"
        yield Case(work, peer, lambda: s.csr_linear(csr, inputs), product, assert_close)
