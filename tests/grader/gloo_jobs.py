"""Jobs that end badly, for a new process to import."""

from __future__ import annotations

import os
import time

import torch
import torch.distributed as dist


def hang(rank: int, _world_size: int) -> int:
    """Rank 1 never answers."""
    time.sleep(600 if rank == 1 else 0)
    return os.getpid()


def wait_in_vain(rank: int, _world_size: int) -> int:
    """Rank 0 waits for a message that rank 1 does not send."""
    if rank == 0:
        dist.recv(torch.empty(1), 1)
    return rank


def die(rank: int, _world_size: int) -> int:
    """Rank 1 is gone without a word while the other waits for it."""
    if rank == 1:
        os._exit(23)
    dist.barrier()
    return rank


def fail(rank: int, _world_size: int) -> int:
    """Rank 1 raises while the other waits for it."""
    if rank == 1:
        raise ZeroDivisionError("no rows")
    dist.barrier()
    return rank


def everything(rank: int, world_size: int) -> dict:
    """All jobs of the demonstration, one after the other in one group."""
    import demo_gloo

    jobs = (demo_gloo.reduce_in_a_ring, demo_gloo.gradients_in_parallel, demo_gloo.federate)
    return {job.__name__: job(rank, world_size) for job in jobs}
