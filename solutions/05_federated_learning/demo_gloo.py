"""The solutions over a real network: processes that talk by torch.distributed's gloo on loopback.

`python solutions/05_federated_learning/demo_gloo.py` runs three jobs, each on ranks of its
own: a ring all-reduce, data-parallel gradients against those of the large batch, and rounds in
which rank 0 is the server and every other rank a client. `run` is the part worth keeping: it
starts the ranks, meets them through a file, and kills them all when one dies or time is up.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional

Job = Callable[[int, int], Any]
SOLUTION = Path(__file__).with_name("federated_learning.py")
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
SIZES = (64, 48, 10)


class RanksFailed(Exception):
    """A rank died, raised or did not end in time; the message says which, and how."""


# -- starting and ending ranks ----------------------------------------------------------------


def run(job: Job, world_size: int, seconds: float = 60.0) -> list[Any]:
    """Run `job(rank, world_size)` on every rank, a process each, in one gloo group.

    Parameters
    ----------
    job : callable
        A function at the top level of a module, for it has to be found by a new process.
        Its result is data that can be pickled.
    world_size : int
        Number of processes.
    seconds : float, default 60
        What all of it may take, the start of the processes included.

    Returns
    -------
    list
        The ranks' results.

    Raises
    ------
    RanksFailed
        If a rank raises, dies or hangs. By then no rank is left running.
    """
    context = _context()
    with tempfile.TemporaryDirectory(prefix="gloo-") as folder:
        pipes = [context.Pipe(duplex=False) for _ in range(world_size)]
        ranks = [
            context.Process(
                target=_work, args=(job, rank, world_size, folder, seconds, ours), daemon=True
            )
            for rank, (_, ours) in enumerate(pipes)
        ]
        try:
            for process, (_, ours) in zip(ranks, pipes, strict=True):
                process.start()
                ours.close()  # so that the other end closes when its process dies
            return _collect([theirs for theirs, _ in pipes], ranks, seconds)
        finally:
            for process in ranks:
                if process.pid is not None:
                    process.kill()
                    process.join()


def _context() -> Any:
    """Where it can be had, a server that has imported what is slow, once, and forks the ranks."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch.distributed", "sklearn.datasets"])
    return context


def _collect(pipes: Sequence[Any], ranks: Sequence[Any], seconds: float) -> list[Any]:
    ends = time.monotonic() + seconds
    results: dict[int, Any] = {}
    pending = dict(zip(pipes, range(len(ranks)), strict=True))
    while pending:
        ready = wait(list(pending), max(0.0, ends - time.monotonic()))
        if not ready:
            late = ", ".join(map(str, sorted(pending.values())))
            raise RanksFailed(f"no answer within {seconds:g} s from rank {late}: killed")
        # Who died comes before those whom it let down.
        for pipe in sorted(ready, key=lambda pipe: ranks[pending[pipe]].is_alive()):
            rank = pending.pop(pipe)
            results[rank] = _answer(pipe, rank, ranks[rank])
    return [results[rank] for rank in range(len(ranks))]


def _answer(pipe: Any, rank: int, process: Any) -> Any:
    try:
        fine, result = pickle.loads(pipe.recv_bytes())
    except EOFError:
        process.join()
        raise RanksFailed(f"rank {rank} died with exit code {process.exitcode}") from None
    if not fine:
        raise RanksFailed(f"rank {rank} raised {result}")
    return result


def _work(
    job: Job, rank: int, world_size: int, folder: str, seconds: float, pipe: Connection
) -> None:
    """Life of one rank."""
    torch.set_num_threads(1)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", LOOPBACK)
    meeting = f"file://{folder}/meeting"
    limit = timedelta(seconds=seconds)
    try:
        dist.init_process_group(
            "gloo", init_method=meeting, rank=rank, world_size=world_size, timeout=limit
        )
        answer = pickle.dumps((True, job(rank, world_size)))
    except Exception as problem:
        answer = pickle.dumps((False, f"{type(problem).__name__}: {problem}"))
    # As bytes: a tensor sent as such would lie in memory that goes with this process.
    pipe.send_bytes(answer)
    # A neighbour may still be reading. Who has all answers kills all ranks.
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def solution() -> Any:
    """The solution beside this file, wherever that is on this machine."""
    spec = importlib.util.spec_from_file_location("federated_learning_solution", SOLUTION)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Neighbours:
    """`send` and `receive` of a ring, as `ring_all_reduce` wants them, over point-to-point gloo.

    gloo does not say how long a message is, so the length goes ahead of it. Sends are not
    waited for, or a ring in which all send first would stand still; each keeps its copy alive.
    """

    def __init__(self, rank: int, world_size: int, dtype: torch.dtype) -> None:
        self.right, self.left = (rank + 1) % world_size, (rank - 1) % world_size
        self.dtype = dtype
        self.under_way: list[tuple[Any, Tensor]] = []
        self.messages = 0

    def send(self, message: Tensor) -> None:
        """Send a copy to the right, at once."""
        self.messages += 1
        for tensor in (torch.tensor([message.numel()]), message.clone()):
            if tensor.numel():
                self.under_way.append((dist.isend(tensor, self.right), tensor))

    def receive(self) -> Tensor:
        """Wait for the next message from the left."""
        length = torch.empty(1, dtype=torch.int64)
        dist.recv(length, self.left)
        message = torch.empty(int(length), dtype=self.dtype)
        if message.numel():
            dist.recv(message, self.left)
        return message

    def finish(self) -> None:
        """Wait until everything has left."""
        for request, _ in self.under_way:
            request.wait()


# -- jobs -------------------------------------------------------------------------------------


def reduce_in_a_ring(rank: int, world_size: int) -> dict[str, Tensor | int]:
    """What this rank adds, the ring's sum of all, that of gloo itself, and messages sent."""
    tensor = torch.randn(1001, generator=torch.Generator().manual_seed(rank), dtype=torch.float64)
    ring = Neighbours(rank, world_size, tensor.dtype)
    total = solution().ring_all_reduce(rank, world_size, tensor, ring.send, ring.receive)
    ring.finish()
    theirs = tensor.clone()
    dist.all_reduce(theirs)
    return {"own": tensor, "ring": total, "gloo": theirs, "messages": ring.messages}


def classify(state: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of a network with one hidden layer."""
    hidden = torch.tanh(inputs @ state["first"])
    return functional.cross_entropy(hidden @ state["second"], targets)


def network() -> dict[str, Tensor]:
    """The same start on every rank: weights travel by seed."""
    generator = torch.Generator().manual_seed(0)
    shapes = {"first": SIZES[:2], "second": SIZES[1:]}
    return {
        name: torch.randn(*shape, generator=generator, dtype=torch.float64) / shape[0] ** 0.5
        for name, shape in shapes.items()
    }


def digits() -> tuple[Tensor, Tensor]:
    """scikit-learn's digits, pixels from 0 to 1, in an order that the seed decides."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(1))
    return torch.from_numpy(pixels)[order] / 16, torch.from_numpy(labels)[order]


def shard(rank: int, world_size: int, rows: int = 1400) -> slice:
    """Rows of a rank: the later, the more."""
    ends = [rows * k * (k + 1) // (world_size * (world_size + 1)) for k in range(world_size + 1)]
    return slice(ends[rank], ends[rank + 1])


def gradients_in_parallel(rank: int, world_size: int) -> dict[str, dict[str, Tensor]]:
    """Gradients from this rank's rows and its neighbours, and from all rows on one machine."""
    inputs, targets = digits()
    own = shard(rank, world_size)
    ring = Neighbours(rank, world_size, inputs.dtype)
    together = solution().data_parallel_gradients(
        rank, world_size, network(), inputs[own], targets[own], classify, ring.send, ring.receive
    )
    ring.finish()
    state = {name: tensor.requires_grad_() for name, tensor in network().items()}
    loss = classify(state, inputs[:1400], targets[:1400])
    alone = torch.autograd.grad(loss, list(state.values()))
    return {"parallel": together, "alone": dict(zip(state, alone, strict=True))}


def federate(rank: int, world_size: int) -> dict[str, Any]:
    """Five rounds: the server sends the state, the clients train, the server averages.

    The server never has a row of training data; the clients never see one another.
    """
    s, state = solution(), network()
    inputs, targets = digits()
    if rank:
        own = shard(rank - 1, world_size - 1)
        batches = list(torch.arange(own.stop - own.start).split(32)) * 2
    for _ in range(5):
        for tensor in state.values():
            dist.broadcast(tensor, 0)
        if rank:
            state = s.client_update(state, inputs[own], targets[own], batches, 0.3, classify)
            flat = torch.cat([tensor.flatten() for tensor in state.values()])
            dist.send(torch.tensor([own.stop - own.start]), 0)
            dist.send(flat, 0)
        else:
            state = _average_from_clients(s, state, world_size)
    for tensor in state.values():
        dist.broadcast(tensor, 0)
    answers = (torch.tanh(inputs[1400:] @ state["first"]) @ state["second"]).argmax(1)
    return {"state": state, "accuracy": (answers == targets[1400:]).double().mean().item()}


def _average_from_clients(s: Any, state: dict[str, Tensor], world_size: int) -> dict[str, Tensor]:
    sizes = [tensor.numel() for tensor in state.values()]
    states, counts = [], []
    for client in range(1, world_size):
        count = torch.empty(1, dtype=torch.int64)
        flat = torch.empty(sum(sizes), dtype=torch.float64)
        dist.recv(count, client)
        dist.recv(flat, client)
        pieces = zip(state.items(), flat.split(sizes), strict=True)
        states.append({name: piece.reshape(tensor.shape) for (name, tensor), piece in pieces})
        counts.append(int(count))
    return s.federated_average(states, counts)


def main() -> None:
    """Run the three jobs and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, default=3)
    ranks = parser.parse_args().ranks
    sums = run(reduce_in_a_ring, ranks)
    off = max((r["ring"] - r["gloo"]).abs().max().item() for r in sums)
    print(f"ring of {ranks}: {sums[0]['messages']} messages a rank, off gloo's sum by {off:.1e}")
    pairs = run(gradients_in_parallel, ranks)
    off = max(
        (pair["parallel"][name] - pair["alone"][name]).abs().max().item()
        for pair in pairs
        for name in pair["alone"]
    )
    print(f"data parallel on {ranks} ranks: off the large batch's gradients by {off:.1e}")
    results = run(federate, ranks + 1)
    print(f"a server and {ranks} clients, 5 rounds: accuracy {results[0]['accuracy']:.3f}")


if __name__ == "__main__":
    main()
