"""Federated learning: clients train where their data is, a server combines what they send.

A model is a state, a dict of named tensors, and a loss, a function of a state and a batch:
nothing here knows what network it trains. Whatever crosses between a client and the server,
or between two ranks of a ring, is a tensor. Randomness is decided beforehand (who takes part,
which rows make a batch), so that a run can be repeated and checked number by number.

Sources: McMahan et al. 2017 (FedAvg), Hsu et al. 2019 (Dirichlet partitions, server momentum),
Li et al. 2020 (FedProx), Reddi et al. 2021 (adaptive server optimisers), Bonawitz et al. 2017
(secure aggregation), Patarasuk and Yuan 2009 (ring all-reduce), Yin et al. 2018 (robust
aggregation).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

State = dict[str, Tensor]
Loss = Callable[[State, Tensor, Tensor], Tensor]

# -- Part 1: Dirichlet partition --------------------------------------------------------------


def dirichlet_partition(
    targets: Tensor, clients: int, alpha: float, generator: np.random.Generator
) -> list[Tensor]:
    """Share out labelled examples so that each client sees the classes in other proportions.

    Parameters
    ----------
    targets : Tensor of shape (n,)
        Class of every example, any integers.
    clients : int
        Number of clients, at least 1.
    alpha : float
        Concentration, above 0 and finite: near 0 every class lies with one client, a large
        value gives all clients the same mix.
    generator : numpy.random.Generator
        Source of all randomness.

    Returns
    -------
    list of Tensor
        For each client the indices of its examples, ascending, int64, on the device of
        `targets`. Every example is with exactly one client; a client may have none.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    For every class on its own, the clients' shares are drawn from a symmetric Dirichlet
    distribution of dimension `clients` and concentration `alpha`. Each client gets its share
    of the class, to within one example, and the examples themselves are taken at random.

    References
    ----------
    Hsu et al. 2019, "Measuring the Effects of Non-Identical Data Distribution for Federated
    Visual Classification" (there with one distribution over classes for each client).
    """
    _between(1, math.inf, clients=clients)
    _above_zero(alpha=alpha)
    labels = targets.cpu().numpy()
    owner = np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        shares = generator.dirichlet([alpha] * clients)
        # Rounding the running sum keeps the total: no example is lost between two clients.
        ends = np.rint(shares.cumsum() * len(rows)).astype(np.int64)
        owner[rows] = np.repeat(np.arange(clients), np.diff(ends, prepend=0))
    by_client = np.argsort(owner, kind="stable")
    sizes = np.bincount(owner, minlength=clients)
    return list(torch.from_numpy(by_client).to(targets.device).split(sizes.tolist()))


# -- Part 2: Federated average ----------------------------------------------------------------


def federated_average(states: Sequence[State], counts: Sequence[int]) -> State:
    """Average the clients' states, each weighted by its number of examples.

    Parameters
    ----------
    states : sequence of dict of str to Tensor
        One state for each client, at least one; all with the same names and shapes.
    counts : sequence of int
        Number of examples of each client, from 0, not all 0. A client with 0 has no say.

    Returns
    -------
    dict of str to Tensor
        New tensors, the dtypes and devices unchanged. Floating-point entries are averages
        weighted by `counts`, summed in float32 or wider; of integer and bool entries the
        largest value is taken, place by place.

    Raises
    ------
    ValueError
        If `states` is empty or its names or shapes differ, if there are more or fewer
        `counts` than states, or if `counts` holds a negative number or only zeros.

    References
    ----------
    McMahan et al. 2017, "Communication-Efficient Learning of Deep Networks from
    Decentralized Data".

    Examples
    --------
    >>> federated_average([{"w": torch.tensor([1.0])}, {"w": torch.tensor([5.0])}], [3, 1])
    {'w': tensor([2.])}
    """
    _check_alike(states)
    _require(len(counts) == len(states), f"one for each of {len(states)}", counts=len(counts))
    for count in counts:
        _between(0, math.inf, counts=count)
    _some(any(counts), counts=list(counts))
    total = sum(counts)
    # A client without examples may hold anything: 0 times NaN is still NaN.
    heard = [(states[k], count / total) for k, count in enumerate(counts) if count]
    return {
        name: _weighted_sum([(state[name], share) for state, share in heard]) for name in states[0]
    }


def _weighted_sum(pairs: Sequence[tuple[Tensor, float]]) -> Tensor:
    first = pairs[0][0]
    if not first.is_floating_point():
        return torch.stack([tensor for tensor, _ in pairs]).amax(0)
    total = torch.zeros_like(first, dtype=torch.promote_types(first.dtype, torch.float32))
    for tensor, share in pairs:
        total.add_(tensor, alpha=share)
    return total.to(first.dtype)


# -- Part 3: Local training -------------------------------------------------------------------


def client_update(
    state: State,
    inputs: Tensor,
    targets: Tensor,
    batches: Sequence[Tensor],
    lr: float,
    loss: Loss,
    proximal: float = 0.0,
) -> State:
    """Train a state on one client's data by SGD, held back by FedProx's term if asked for.

    Parameters
    ----------
    state : dict of str to Tensor
        The global state. Plain tensors that do not require gradients; it is left as it is.
    inputs : Tensor of shape (n, ...)
        The client's examples.
    targets : Tensor of shape (n, ...)
        What the loss compares with.
    batches : sequence of Tensor of shape (batch,)
        For each step the rows that it uses, int64.
    lr : float
        Learning rate.
    loss : callable
        `loss(state, inputs, targets)` is the mean loss of a batch, a tensor of shape ().
    proximal : float, default 0.0
        Strength of the pull towards the state at the start, at least 0.

    Returns
    -------
    dict of str to Tensor
        New tensors that do not require gradients. Floating-point entries are trained;
        entries on which the loss never depends, and all others, are as they were.

    Raises
    ------
    ValueError
        If `proximal` is below 0 or NaN; the message holds its name and its value.

    Notes
    -----
    A step with gradient `g` takes `p - lr * (g + proximal * (p - start))`, the gradient of
    `loss + proximal / 2 * |p - start|**2`.

    References
    ----------
    Li et al. 2020, "Federated Optimization in Heterogeneous Networks".
    """
    _between(0, math.inf, proximal=proximal)
    local = {name: tensor.detach().clone() for name, tensor in state.items()}
    trained = {name: p.requires_grad_() for name, p in local.items() if p.is_floating_point()}
    weights, start = list(trained.values()), [state[name] for name in trained]
    for rows in batches:
        value = loss(local, inputs[rows], targets[rows])
        gradients = torch.autograd.grad(value, weights, materialize_grads=True)
        _proximal_step(weights, gradients, start, lr, proximal)
    return {name: tensor.detach() for name, tensor in local.items()}


@torch.no_grad()
def _proximal_step(
    weights: Sequence[Tensor],
    gradients: Sequence[Tensor],
    start: Sequence[Tensor],
    lr: float,
    proximal: float,
) -> None:
    for weight, gradient, anchor in zip(weights, gradients, start, strict=True):
        pull = proximal * (weight - anchor)
        weight.sub_(gradient + pull, alpha=lr)


# -- Part 4: Server optimisers ----------------------------------------------------------------


def server_update(
    state: State,
    average: State,
    memory: dict,
    kind: str = "average",
    lr: float = 1.0,
    momentum: float = 0.9,
    decay: float = 0.99,
    tau: float = 1e-3,
) -> tuple[State, dict]:
    """Move the global state by an optimiser that takes the clients' drift for its gradient.

    Parameters
    ----------
    state : dict of str to Tensor
        The global state before the round.
    average : dict of str to Tensor
        The average of the clients' states after it; same names and shapes.
    memory : dict
        What the last call of this kind returned, {} before the first; its content is up to
        you.
    kind : {"average", "momentum", "adagrad", "adam", "yogi"}
        How to step.
    lr : float, default 1.0
        The server's learning rate.
    momentum : float, default 0.9
        Factor of the first moment, from 0 to below 1.
    decay : float, default 0.99
        Factor of the second moment, from 0 to below 1.
    tau : float, default 1e-3
        How little adaptive kinds may adapt, above 0 and finite; the second moment starts at
        `tau**2`.

    Returns
    -------
    state : dict of str to Tensor
        New tensors. Entries that are not floating-point are those of `average`.
    memory : dict
        For the next call, a new dict.

    Raises
    ------
    ValueError
        If `kind` is none of the above, a number is outside its range, or `average` differs
        from `state` in a name or shape.

    Notes
    -----
    With `d = average - state`, entry by entry: "average" steps by `lr * d`; "momentum" by
    `lr * m` with `m = momentum * m + d`; the others by `lr * m / (sqrt(v) + tau)` with
    `m = momentum * m + (1 - momentum) * d` and

    - "adagrad": `v = v + d**2`
    - "adam": `v = decay * v + (1 - decay) * d**2`
    - "yogi": `v = v - (1 - decay) * d**2 * sign(v - d**2)`

    `m` starts at 0, `v` at `tau**2`. There is no bias correction.

    References
    ----------
    Hsu et al. 2019 ("momentum"); Reddi et al. 2021, "Adaptive Federated Optimization".
    """
    _require(kind in _KINDS, f"one of {_KINDS}", kind=kind)
    _from_to_below(0, 1, momentum=momentum, decay=decay)
    _above_zero(tau=tau)
    _check_alike([state, average], "average")
    moved, kept = {}, {}
    for name, old in state.items():
        if not old.is_floating_point():
            moved[name] = average[name].clone()
            continue
        first, second = memory.get(name) or (torch.zeros_like(old), torch.full_like(old, tau**2))
        delta = average[name] - old
        step, kept[name] = _step(kind, delta, first, second, momentum, decay, tau)
        moved[name] = old + lr * step
    return moved, kept


_KINDS = ("average", "momentum", "adagrad", "adam", "yogi")


def _step(
    kind: str,
    delta: Tensor,
    first: Tensor,
    second: Tensor,
    momentum: float,
    decay: float,
    tau: float,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """The step for a drift, at a rate of 1, and the moments after it."""
    if kind == "average":
        return delta, (first, second)
    if kind == "momentum":
        first = momentum * first + delta
        return first, (first, second)
    square = delta.square()
    if kind == "adagrad":
        second = second + square
    elif kind == "adam":
        second = decay * second + (1 - decay) * square
    else:
        second = second - (1 - decay) * square * torch.sign(second - square)
    first = momentum * first + (1 - momentum) * delta
    return first / (second.sqrt() + tau), (first, second)


# -- Part 5: Rounds ---------------------------------------------------------------------------

Plan = list[dict[int, list[Tensor]]]


def make_plan(
    sizes: Sequence[int],
    rounds: int,
    fraction: float,
    epochs: int,
    batch_size: int,
    generator: np.random.Generator,
) -> Plan:
    """Decide who takes part in each round, and which rows make each of their batches.

    Parameters
    ----------
    sizes : sequence of int
        Number of rows of each client.
    rounds : int
        Number of rounds, from 0.
    fraction : float
        Share of the clients with rows that takes part in a round, from 0 to 1. Of `k` such
        clients `max(1, round(fraction * k))` do.
    epochs : int
        Passes of a participant over its rows in each round, at least 1.
    batch_size : int
        Rows of a batch, at least 1; the last batch of an epoch may be smaller.
    generator : numpy.random.Generator
        Source of all randomness.

    Returns
    -------
    list of dict of int to list of Tensor
        For each round, the batches of each participant, by its number: int64, on the CPU.
        Participants are drawn anew for each round, uniformly and without replacement; rows
        are shuffled anew for each epoch, and cut into batches in that order.

    Raises
    ------
    ValueError
        If an argument is outside its range, or no client has rows (the message holds `sizes`
        and the sizes as a list).
    """
    _between(0, math.inf, rounds=rounds)
    _between(0, 1, fraction=fraction)
    _between(1, math.inf, epochs=epochs, batch_size=batch_size)
    _some(any(sizes), sizes=list(sizes))
    able = [client for client, size in enumerate(sizes) if size]
    chosen = max(1, round(fraction * len(able)))
    return [
        {
            client: _batches(sizes[client], epochs, batch_size, generator)
            for client in generator.choice(able, chosen, replace=False).tolist()
        }
        for _ in range(rounds)
    ]


def _batches(
    size: int, epochs: int, batch_size: int, generator: np.random.Generator
) -> list[Tensor]:
    shuffled = (torch.from_numpy(generator.permutation(size)) for _ in range(epochs))
    return [batch for rows in shuffled for batch in rows.split(batch_size)]


def run_rounds(
    state: State,
    clients: Sequence[tuple[Tensor, Tensor]],
    plan: Plan,
    lr: float,
    loss: Loss,
    proximal: float = 0.0,
    kind: str = "average",
    server_lr: float = 1.0,
) -> tuple[State, list[float]]:
    """Train by rounds: participants start from the global state, the server combines.

    Parameters
    ----------
    state : dict of str to Tensor
        The global state at the start; it is left as it is.
    clients : sequence of (inputs, targets)
        The clients' data. A client that takes part has at least one row; one client has.
    plan : list of dict of int to list of Tensor
        As `make_plan` returns it.
    lr : float
        The clients' learning rate.
    loss : callable
        As in `client_update`.
    proximal : float, default 0.0
        As in `client_update`.
    kind : str, default "average"
        As in `server_update`, whose further options keep their defaults.
    server_lr : float, default 1.0
        The server's learning rate.

    Returns
    -------
    state : dict of str to Tensor
        The global state after the last round, new tensors.
    history : list of float
        After each round, the mean loss of the global state over the rows of all clients.

    Notes
    -----
    Each round trains every participant by `client_update`, from the same state; averages the
    results by `federated_average`, weighted by the participants' numbers of rows; and steps
    by `server_update`, whose memory lasts from round to round. A round without participants
    changes nothing.

    References
    ----------
    McMahan et al. 2017, algorithm 1.
    """
    memory: dict = {}
    state, history = _copied(state), []
    for batches in plan:
        if batches:
            trained = [
                client_update(state, *clients[client], own, lr, loss, proximal)
                for client, own in batches.items()
            ]
            average = federated_average(trained, [len(clients[client][0]) for client in batches])
            state, memory = server_update(state, average, memory, kind, server_lr)
        history.append(_objective(state, clients, loss))
    return state, history


def _copied(state: State) -> State:
    return {name: tensor.clone() for name, tensor in state.items()}


@torch.no_grad()
def _objective(state: State, clients: Sequence[tuple[Tensor, Tensor]], loss: Loss) -> float:
    able = [(inputs, targets) for inputs, targets in clients if len(inputs)]
    total = sum(len(inputs) * loss(state, inputs, targets).item() for inputs, targets in able)
    return total / sum(len(inputs) for inputs, _ in able)


# -- Part 6: Secure aggregation ---------------------------------------------------------------


def mask_update(update: Tensor, client: int, seeds: Mapping[int, int], bits: int = 16) -> Tensor:
    """Hide a client's update so that only the sum over all clients can be read.

    Parameters
    ----------
    update : Tensor of any shape
        Floating point.
    client : int
        This client's number.
    seeds : mapping of int to int
        For every other client, by its number, the secret that the two share: from 0 to
        2**128 - 1, the same on both sides. At least one.
    bits : int, default 16
        Binary places that are kept, from 0 to 30.

    Returns
    -------
    Tensor of the shape of `update`
        int32, on the update's device: `round(update * 2**bits)` (a half to the even number),
        plus the mask of every peer of higher number, minus that of every peer of lower
        number, modulo 2**32.

    Raises
    ------
    ValueError
        If `seeds` is empty or has one for `client` itself, or if an entry of `update` is NaN,
        or of a magnitude above `(2**31 - 1) // (len(seeds) + 1)` in fixed point, so that the sum
        over all clients could wrap around; the message holds the argument's name and the value.

    Notes
    -----
    A mask is made from a seed alone, and all bits of the seed count. Its entries are uniform
    over all 2**32 values. Arithmetic on int32 tensors wraps around, as it should here. The
    generator used is fast, not cryptographic: a real protocol takes AES or ChaCha20.

    References
    ----------
    Bonawitz et al. 2017, "Practical Secure Aggregation for Privacy-Preserving Machine
    Learning", section 4.
    """
    _some(len(seeds) > 0, seeds=dict(seeds))
    _require(client not in seeds, f"no seed shared with {client} itself", client=client)
    masked = _fixed_point(update, bits, len(seeds) + 1)
    for peer, seed in seeds.items():
        _add_mask(masked, client, peer, seed)
    return masked


def unmask_sum(
    masked: Mapping[int, Tensor], revealed: Mapping[int, Mapping[int, int]], bits: int = 16
) -> Tensor:
    """Sum of the updates that arrived, exact, without reading any of them.

    Parameters
    ----------
    masked : mapping of int to Tensor
        What `mask_update` returned to each client that delivered, by its number; two or more.
    revealed : mapping of int to mapping of int to int
        For every client that dropped out after masks were agreed on, by its number: the
        seeds that it shares with each client that delivered, revealed by these.
    bits : int, default 16
        As in `mask_update`.

    Returns
    -------
    Tensor of the shape of an update
        float64: the sum over the clients in `masked` of `round(update * 2**bits) / 2**bits`.

    Raises
    ------
    ValueError
        If fewer than two clients delivered (the message holds `masked` and their number), if
        a client in `revealed` has delivered (`revealed` and its number), or if a seed with
        one that delivered is missing (`revealed` and the number of the client that dropped).

    References
    ----------
    Bonawitz et al. 2017, section 4.
    """
    _between(2, math.inf, masked=len(masked))
    for dropped, seeds in revealed.items():
        # The update of a client that delivered would be bared.
        fits = dropped not in masked and masked.keys() <= seeds.keys()
        _require(fits, f"a client that is missing, and a seed for {list(masked)}", revealed=dropped)
    first, *others = masked.values()
    total = first.clone()
    for update in others:
        total.add_(update)
    for dropped, seeds in revealed.items():
        for survivor in masked:  # as the one that dropped would have done
            _add_mask(total, dropped, survivor, seeds[survivor])
    return total.double() / 2**bits


def _fixed_point(update: Tensor, bits: int, clients: int) -> Tensor:
    scaled = (update.double() * 2.0**bits).round_()
    misfits = ~(scaled.abs() <= (2**31 - 1) // clients)  # NaN is one
    if bool(misfits.any()):
        raise ValueError(
            f"update holds {update[misfits][0].item()}, too large for {bits} binary places "
            f"in a sum over {clients} clients: clip it, or keep fewer places"
        )
    return scaled.to(torch.int32)


def _add_mask(total: Tensor, client: int, peer: int, seed: int) -> None:
    """Add, in place, the mask that `client` and `peer` share, with the sign of `client`."""
    words = np.random.Philox(key=seed).random_raw((total.numel() + 1) // 2)
    mask = torch.from_numpy(words.view(np.int32)[: total.numel()]).reshape(total.shape)
    total.add_(mask.to(total.device), alpha=1 if client < peer else -1)


# -- Part 7: Ring all-reduce ------------------------------------------------------------------


def ring_all_reduce(
    rank: int,
    world_size: int,
    tensor: Tensor,
    send: Callable[[Tensor], object],
    receive: Callable[[], Tensor],
) -> Tensor:
    """Sum of the tensors of all ranks, on every rank, by messages between neighbours.

    Parameters
    ----------
    rank : int
        This process's number, from 0 to `world_size - 1`.
    world_size : int
        Number of ranks in the ring.
    tensor : Tensor of any shape
        This rank's summand; all ranks have the same shape and dtype.
    send : callable
        `send(message)` sends a 1-D tensor to rank `rank + 1` (the last sends to rank 0). It
        copies the message and does not wait.
    receive : callable
        `receive()` waits for the next message of rank `rank - 1` and returns it.

    Returns
    -------
    Tensor of the shape of `tensor`
        The sum, a new tensor, the dtype and device unchanged; equal to the last bit on all
        ranks.

    Notes
    -----
    Each rank sends exactly `2 * (world_size - 1)` messages. The entries, in row-major order,
    are cut into `world_size` pieces whose sizes differ by at most one; a message is a piece.

    References
    ----------
    Patarasuk and Yuan 2009, "Bandwidth optimal all-reduce algorithms for clusters of
    workstations".
    """
    total = tensor.clone(memory_format=torch.contiguous_format)
    pieces = total.flatten().tensor_split(world_size)  # views: what they become, `total` is
    for step in range(world_size - 1):
        send(pieces[(rank - step) % world_size])
        pieces[(rank - step - 1) % world_size].add_(receive())
    # Piece `rank + 1` is now the whole sum, and goes round once.
    for step in range(world_size - 1):
        send(pieces[(rank - step + 1) % world_size])
        pieces[(rank - step) % world_size].copy_(receive())
    return total


def data_parallel_gradients(
    rank: int,
    world_size: int,
    state: State,
    inputs: Tensor,
    targets: Tensor,
    loss: Loss,
    send: Callable[[Tensor], object],
    receive: Callable[[], Tensor],
) -> State:
    """Gradient of the mean loss over the rows of all ranks, on every rank.

    Parameters
    ----------
    rank, world_size : int
        As in `ring_all_reduce`.
    state : dict of str to Tensor
        The model, the same on all ranks; floating-point entries of one dtype.
    inputs : Tensor of shape (n, ...)
        This rank's rows. `n` may differ from rank to rank and be 0, but not on all; without
        rows the loss is not called.
    targets : Tensor of shape (n, ...)
        Their targets.
    loss : callable
        As in `client_update`.
    send, receive : callable
        As in `ring_all_reduce`.

    Returns
    -------
    dict of str to Tensor
        For each floating-point entry of the state its gradient, a new tensor of its shape,
        dtype and device; 0 where the loss does not depend on it.

    Notes
    -----
    All gradients travel in one all-reduce, together with the number of rows.

    References
    ----------
    Li et al. 2020, "PyTorch Distributed: Experiences on Accelerating Data Parallel Training".
    """
    local = {name: tensor.detach().clone() for name, tensor in state.items()}
    trained = {name: p.requires_grad_() for name, p in local.items() if p.is_floating_point()}
    weights = list(trained.values())
    gradients: Sequence[Tensor] = [torch.zeros_like(weight) for weight in weights]
    if len(inputs):  # the mean over no rows is NaN
        value = loss(local, inputs, targets) * len(inputs)
        gradients = torch.autograd.grad(value, weights, materialize_grads=True)
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    flat = functional.pad(flat, (0, 1), value=len(inputs))  # the rows come last
    flat = ring_all_reduce(rank, world_size, flat, send, receive)
    means = (flat[:-1] / flat[-1]).split([weight.numel() for weight in weights])
    pairs = zip(trained.items(), means, strict=True)
    return {name: mean.reshape(weight.shape) for (name, weight), mean in pairs}


# -- Part 8: Robust aggregation ---------------------------------------------------------------


def coordinate_median(states: Sequence[State]) -> State:
    """Median of the clients' states, entry by entry: a minority cannot move it far.

    Parameters
    ----------
    states : sequence of dict of str to Tensor
        One for each client, at least one; all with the same names and shapes.

    Returns
    -------
    dict of str to Tensor
        New tensors, the dtypes and devices unchanged. In every place the middle one of the
        clients' values, of an even number the mean of the two in the middle. NaN counts as
        infinity. Integer and bool entries take the lower of the two.

    Raises
    ------
    ValueError
        If `states` is empty or its names or shapes differ.

    References
    ----------
    Yin et al. 2018, "Byzantine-Robust Distributed Learning: Towards Optimal Statistical
    Rates".
    """
    return _trimmed(states, (len(states) - 1) // 2)


def trimmed_mean(states: Sequence[State], trim: float) -> State:
    """Mean of the clients' states, entry by entry, without the extremes of both sides.

    Parameters
    ----------
    states : sequence of dict of str to Tensor
        One for each client, at least one; all with the same names and shapes.
    trim : float
        Share of the clients to leave out on each side, from 0 to below 0.5. Of `k` clients
        the `int(trim * k)` smallest and as many of the largest values go, in every place.

    Returns
    -------
    dict of str to Tensor
        New tensors, the dtypes and devices unchanged. NaN counts as infinity. Integer and
        bool entries are as in `coordinate_median`.

    Raises
    ------
    ValueError
        If `trim` is outside its range, or `states` is empty or its names or shapes differ.

    References
    ----------
    Yin et al. 2018.
    """
    _from_to_below(0, 0.5, trim=trim)
    return _trimmed(states, int(trim * len(states)))


def _trimmed(states: Sequence[State], cut: int) -> State:
    """Mean of what is left of each entry after `cut` values went on each side."""
    _check_alike(states)
    return {name: _trim([state[name] for state in states], cut) for name in states[0]}


_BLOCK = 2**14  # entries of each client that are ranked together: they fit a cache


def _trim(tensors: Sequence[Tensor], cut: int) -> Tensor:
    ranked = map(_ranked, *(tensor.flatten().split(_BLOCK) for tensor in tensors))
    return torch.cat([_middle(block, cut) for block in ranked]).reshape(tensors[0].shape)


def _middle(ranked: Sequence[Tensor], cut: int) -> Tensor:
    if ranked[0].is_floating_point():
        return torch.stack(list(ranked[cut : len(ranked) - cut])).mean(0)
    return ranked[(len(ranked) - 1) // 2]


def _ranked(*tensors: Tensor) -> list[Tensor]:
    """The same values, in every place in ascending order; NaN as infinity."""
    rows = [t.nan_to_num(math.inf, math.inf, -math.inf) for t in tensors]
    for low, high in _comparators(len(rows)):
        smaller = torch.minimum(rows[low], rows[high])
        rows[low], rows[high] = smaller, torch.maximum(rows[low], rows[high])
    return rows


def _comparators(count: int) -> Iterator[tuple[int, int]]:
    """Batcher's odd-even merge sort: which pairs to put in order, one after the other."""
    merged = 1  # runs of this length are sorted
    while merged < count:
        distance = merged
        while distance >= 1:
            for start in range(distance % merged, count - distance, 2 * distance):
                for low in range(start, min(start + distance, count - distance)):
                    if low // (2 * merged) == (low + distance) // (2 * merged):
                        yield low, low + distance
            distance //= 2
        merged *= 2


# -- shared -----------------------------------------------------------------------------------


def _check_alike(states: Sequence[State], argument: str = "states") -> None:
    _some(len(states) > 0, **{argument: list(states)})
    first = states[0]
    for state in states[1:]:
        odd = sorted(first.keys() ^ state.keys())
        _require(
            not odd, f"the same names in all {len(states)}", **{argument: f"at odds over {odd}"}
        )
        for name, tensor in first.items():
            shape, wanted = tuple(state[name].shape), tuple(tensor.shape)
            _require(shape == wanted, f"{wanted} for {name}", **{argument: shape})


def _between(low: float, high: float, **arguments: float) -> None:
    for name, value in arguments.items():
        _require(low <= value <= high, f"from {low} to {high}", **{name: value})


def _from_to_below(low: float, high: float, **arguments: float) -> None:
    for name, value in arguments.items():
        _require(low <= value < high, f"from {low} to below {high}", **{name: value})


def _above_zero(**argument: float) -> None:
    ((_, value),) = argument.items()
    _require(0 < value < math.inf, "above 0 and finite", **argument)


def _some(there: bool, **argument: object) -> None:
    ((name, _),) = argument.items()
    _require(there, f"some {name}", **argument)


def _require(fits: bool, expected: str, **argument: object) -> None:
    if not fits:
        ((name, value),) = argument.items()
        raise ValueError(f"{name} is {value}; expected {expected}")
