"""Federated learning against Flower's aggregation and secure aggregation, and torch.optim."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from grader.bench import Case, each, load_peer
from grader.compare import assert_close

CLIENTS = 20
SHAPES = ((1024, 1024), (1024,), (512, 1024), (512,), (10, 512), (10,))
CLIP, TARGET, MODULUS = 8.0, 2**22, 2**32  # Flower's defaults


def cases(solution: Any) -> Iterator[Case]:
    """Each peer in turn; all results are compared first."""
    return each(solution, _aggregation, _secure_aggregation, _local_training)


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# -- flwr.server.strategy.aggregate -----------------------------------------------------------


def _aggregation(s: Any) -> Iterator[Case]:
    flower = load_peer("flwr.server.strategy.aggregate")

    counts = [100 + 7 * client for client in range(CLIENTS)]
    yield _combining(
        "average", SHAPES, counts, "aggregate", s.federated_average, flower.aggregate, counts
    )
    small = ((256, 1024), (256,), (10, 256), (10,))
    yield _combining(
        "median", small, counts, "aggregate_median", s.coordinate_median, flower.aggregate_median
    )
    for trim in (0.1, 0.2):
        yield _combining(
            f"mean trimmed by {trim}",
            small,
            counts,
            "aggregate_trimmed_avg",
            s.trimmed_mean,
            lambda results, trim=trim: flower.aggregate_trimmed_avg(results, trim),
            trim,
        )


def _combining(
    name: str, shapes: Any, counts: Any, peer: str, ours: Any, theirs: Any, *more: Any
) -> Case:
    states = [
        {str(k): _normal(*shape, seed=31 * client + k) for k, shape in enumerate(shapes)}
        for client in range(CLIENTS)
    ]
    results = [
        ([tensor.numpy() for tensor in state.values()], count)
        for state, count in zip(states, counts, strict=True)
    ]
    entries = sum(tensor.numel() for tensor in states[0].values())

    def agree(a: dict[str, Tensor], b: list[np.ndarray]) -> None:
        assert_close([t.numpy() for t in a.values()], [x.astype(np.float32) for x in b])

    return Case(
        f"{name} of {CLIENTS} clients x {entries:,} weights",
        f"flwr {peer}",
        lambda: ours(states, *more),
        lambda: theirs(results),
        agree,
        rounds=5,
    )


# -- flwr.common.secure_aggregation -----------------------------------------------------------


def _secure_aggregation(s: Any) -> Iterator[Case]:
    clients, entries, missing = 10, 200_000, 2
    updates = [_normal(entries, seed=client).double() for client in range(clients)]
    seeds = _pair_seeds(clients)
    flower = _FlowerMasking(seeds, entries)
    survivors = range(clients - missing)
    revealed = {d: {c: seeds[d][c] for c in survivors} for d in range(clients - missing, clients)}
    our_masked = {c: s.mask_update(updates[c], c, seeds[c]) for c in survivors}
    their_masked = {c: flower.mask(updates[c], c) for c in survivors}

    def agree(ours: Tensor, theirs: Tensor) -> None:  # both round to steps of about 2**-17
        assert_close(ours, theirs, rtol=0, atol=len(survivors) * 2.0**-16)

    def open_up(ours: Tensor, theirs: Any) -> None:
        total = flower.unmask_sum(their_masked | {0: theirs})
        agree(s.unmask_sum(our_masked | {0: ours}, revealed), total)

    yield Case(
        f"masking {entries:,} weights against {clients - 1} peers",
        "flwr quantize and pseudo_rand_gen",
        lambda: s.mask_update(updates[0], 0, seeds[0]),
        lambda: flower.mask(updates[0], 0),
        open_up,
        rounds=7,
    )
    yield Case(
        f"summing {len(survivors)} such updates, {missing} clients dropped out",
        "flwr parameters_addition and pseudo_rand_gen",
        lambda: s.unmask_sum(our_masked, revealed),
        lambda: flower.unmask_sum(their_masked),
        agree,
        rounds=7,
    )


def _pair_seeds(clients: int) -> list[dict[int, int]]:
    """For every client, the seed that it shares with each other."""
    rng = np.random.default_rng(0)
    seeds: list[dict[int, int]] = [{} for _ in range(clients)]
    for low, high in itertools.combinations(range(clients), 2):
        seeds[low][high] = seeds[high][low] = int.from_bytes(rng.bytes(16), "big")
    return seeds


class _FlowerMasking:
    """The peer's pieces, put together as its own workflow does."""

    def __init__(self, seeds: list[dict[int, int]], entries: int) -> None:
        package = "flwr.common.secure_aggregation"
        self._quantization = load_peer(f"{package}.quantization")
        self._arithmetic = load_peer(f"{package}.ndarrays_arithmetic")
        self._utils = load_peer(f"{package}.secaggplus_utils")
        self._seeds, self._entries = seeds, entries

    def mask(self, update: Tensor, client: int) -> Any:
        vector = self._quantization.quantize([update.numpy()], CLIP, TARGET)
        for peer in self._seeds[client]:
            vector = self._change(vector, client, peer, add=client > peer)
        return self._arithmetic.parameters_mod(vector, MODULUS)

    def unmask_sum(self, masked: dict[int, Any]) -> Tensor:
        total = functools.reduce(self._arithmetic.parameters_addition, masked.values())
        for dropped in set(range(len(self._seeds))) - set(masked):
            for survivor in masked:
                total = self._change(total, survivor, dropped, add=survivor < dropped)
        total = self._arithmetic.parameters_mod(total, MODULUS)
        (numbers,) = self._quantization.dequantize(total, CLIP, TARGET)
        return torch.from_numpy(numbers - (len(masked) - 1) * CLIP)

    def _change(self, vector: Any, client: int, peer: int, *, add: bool) -> Any:
        """Add or subtract the mask that two clients share."""
        seed = self._seeds[client][peer].to_bytes(16, "big")
        mask = self._utils.pseudo_rand_gen(seed, MODULUS, [(self._entries,)])
        arithmetic = self._arithmetic
        change = arithmetic.parameters_addition if add else arithmetic.parameters_subtraction
        return change(vector, mask)


# -- torch.optim ------------------------------------------------------------------------------


def _local_training(s: Any) -> Iterator[Case]:
    sizes, rows, steps, lr, proximal = (64, 64, 10), 640, 100, 0.1, 0.1
    inputs = _normal(rows, sizes[0])
    targets = inputs[:, : sizes[-1]].argmax(1)
    batches = list(torch.arange(rows).split(32)) * (steps * 32 // rows)
    model = nn.Sequential(nn.Linear(*sizes[:2]), nn.Tanh(), nn.Linear(*sizes[1:]))
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def loss(now: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
        hidden = torch.tanh(functional.linear(inputs, now["0.weight"], now["0.bias"]))
        logits = functional.linear(hidden, now["2.weight"], now["2.bias"])
        return functional.cross_entropy(logits, targets)

    def theirs() -> dict[str, Tensor]:
        model.load_state_dict(state)
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        start = [parameter.detach().clone() for parameter in model.parameters()]
        for chosen in batches:
            optimizer.zero_grad()
            away = sum(
                (parameter - anchor).square().sum()
                for parameter, anchor in zip(model.parameters(), start, strict=True)
            )
            value = functional.cross_entropy(model(inputs[chosen]), targets[chosen])
            (value + proximal / 2 * away).backward()
            optimizer.step()
        return {name: tensor.clone() for name, tensor in model.state_dict().items()}

    yield Case(
        f"{len(batches)} steps of FedProx on a {'-'.join(map(str, sizes))} network",
        "torch.nn and torch.optim.SGD",
        lambda: s.client_update(state, inputs, targets, batches, lr, loss, proximal),
        theirs,
        lambda a, b: assert_close(a, b, rtol=1e-4),
    )
