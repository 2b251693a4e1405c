"""Federated learning: local training, what the server makes of it, and how numbers travel.

The statement is `README.md` beside this file; `nox -s check -- 05` judges your work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from torch import Tensor

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
    raise NotImplementedError("Part 1, Dirichlet partition")


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
    raise NotImplementedError("Part 2, Federated average")


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
    raise NotImplementedError("Part 3, Local training")


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
    raise NotImplementedError("Part 4, Server optimisers")


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
    raise NotImplementedError("Part 5, Rounds")


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
    raise NotImplementedError("Part 5, Rounds")


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
    raise NotImplementedError("Part 6, Secure aggregation")


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
    raise NotImplementedError("Part 6, Secure aggregation")


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
    raise NotImplementedError("Part 7, Ring all-reduce")


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
    raise NotImplementedError("Part 7, Ring all-reduce")


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
    raise NotImplementedError("Part 8, Robust aggregation")


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
    raise NotImplementedError("Part 8, Robust aggregation")
