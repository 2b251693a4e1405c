"""The solutions of exercise 05 over real processes and sockets, and what ends them."""

from __future__ import annotations

import importlib
import multiprocessing
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import gloo_jobs
import pytest
import torch
import torch.distributed as dist

from grader.catalog import ROOT
from grader.compare import assert_close, assert_equal

RANKS = 3
pytestmark = pytest.mark.skipif(
    not (dist.is_available() and dist.is_gloo_available()), reason="torch lacks gloo here"
)


@pytest.fixture(scope="module")
def demo() -> Iterator[ModuleType]:
    """The demonstration, importable by the processes that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "solutions" / "05_federated_learning"))
        yield importlib.import_module("demo_gloo")


@pytest.fixture(scope="module")
def results(demo: ModuleType) -> Any:
    """What every rank found, all jobs in one group of processes."""
    return demo.run(gloo_jobs.everything, RANKS)


def test_the_ring_sums_like_gloo(results: Any) -> None:
    """Over sockets the ring gives gloo's own sum, equal on all ranks, in 2 (N - 1) messages."""
    sums = [rank["reduce_in_a_ring"] for rank in results]
    expected = sum(found["own"] for found in sums)
    for found in sums:
        assert_equal(found["ring"], sums[0]["ring"])
        assert_close(found["ring"], expected)
        assert_close(found["gloo"], expected)
        assert found["messages"] == 2 * (RANKS - 1)


def test_data_parallel_gradients_equal_the_large_batch(results: Any) -> None:
    """Ranks with different numbers of rows find the gradients of one machine with all rows."""
    for rank in results:
        pair = rank["gradients_in_parallel"]
        assert_close(pair["parallel"], pair["alone"])


def test_federated_rounds_equal_one_process(demo: ModuleType, results: Any) -> None:
    """Server and clients in processes of their own find what `run_rounds` finds in one."""
    solution, state = demo.solution(), demo.network()
    inputs, targets = demo.digits()
    shards = [demo.shard(client, RANKS - 1) for client in range(RANKS - 1)]
    clients = [(inputs[own], targets[own]) for own in shards]
    each = {k: list(torch.arange(len(x)).split(32)) * 2 for k, (x, _) in enumerate(clients)}
    expected, _ = solution.run_rounds(state, clients, [each] * 5, 0.3, demo.classify)
    for rank in results:
        assert_close(rank["federate"]["state"], expected)
        assert rank["federate"]["accuracy"] > 0.8


def test_a_rank_that_hangs_is_killed(demo: ModuleType) -> None:
    """A rank that gives no answer is named, and no rank outlives the call."""
    began = time.monotonic()
    with pytest.raises(demo.RanksFailed, match=r"within 1 s from rank (0, )?1: killed"):
        demo.run(gloo_jobs.hang, 2, seconds=1.0)
    assert time.monotonic() - began < 60
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("wait_in_vain", r"rank 0(, 1)?: killed|rank 0 raised"),
        ("die", "rank 1 died with exit code 23"),
        ("fail", "rank 1 raised ZeroDivisionError: no rows"),
    ],
)
def test_a_rank_that_fails_is_named(demo: ModuleType, job: str, message: str) -> None:
    """A rank that dies or raises ends the run at once; its neighbours do not wait for it."""
    with pytest.raises(demo.RanksFailed, match=message):
        demo.run(getattr(gloo_jobs, job), 2, seconds=1.0 if job == "wait_in_vain" else 60.0)
    assert not multiprocessing.active_children()
