"""The reference against the library that a practitioner would use instead, as a ratio.

Both do the same work; their results are compared before any clock runs, and the
two are timed in turn, so that a machine whose speed drifts slows both alike.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from grader.catalog import Exercise, choose
from grader.loader import load

ROUNDS = 15


class PeerMissing(Exception):
    """A library to compare with cannot be imported here."""


def load_peer(name: str) -> ModuleType:
    """Import a module of a library to compare with.

    Raises
    ------
    PeerMissing
        If it is not installed, or does not work beside this build of torch.
    """
    try:
        return importlib.import_module(name)
    except Exception as error:  # a library built for another torch raises whatever it likes
        raise PeerMissing(f"{name}: {error}") from error


def each(solution: Any, *groups: Callable[[Any], Iterable[Case]]) -> Iterator[Case]:
    """The cases of all groups; a group whose peer is missing is reported and left out."""
    for group in groups:
        try:
            yield from group(solution)
        except PeerMissing as missing:
            print(f"  not run, for want of {missing}", file=sys.stderr)


@dataclass(frozen=True)
class Case:
    """One piece of work, done twice.

    Attributes
    ----------
    work : str
        What is done, with its size.
    peer : str
        The library's name for it.
    ours, theirs : callable
        Do the work and return the result.
    agree : callable
        `agree(ours, theirs)` raises `AssertionError` when the results differ.
    rounds : int
        How often each is timed.
    """

    work: str
    peer: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    agree: Callable[[Any, Any], None]
    rounds: int = ROUNDS


@dataclass(frozen=True)
class Timing:
    """Medians in seconds, and how many times as long the peer takes."""

    case: Case
    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        return self.theirs / self.ours


def run_case(case: Case) -> Timing:
    """Check that both agree, then time them in turn."""
    case.agree(case.ours(), case.theirs())
    ours, theirs = [], []
    gc.collect()
    for _ in range(case.rounds):
        ours.append(_seconds(case.ours))
        theirs.append(_seconds(case.theirs))
    return Timing(case, statistics.median(ours), statistics.median(theirs))


def cases_of(exercise: Exercise) -> Iterable[Case]:
    """What `solutions/NN_slug/bench.py` offers: `cases(solution)` yields its cases."""
    solution = load([exercise.solution], f"solution_{exercise.name}")
    bench = load([exercise.solution.with_name("bench.py")], f"bench_{exercise.name}")
    return bench.cases(solution)


def main() -> int:
    """Time the exercises named on the command line and print a line for each case."""
    parser = argparse.ArgumentParser(prog="python -m grader.bench", description=__doc__)
    parser.add_argument("exercises", nargs="*")
    for exercise in choose(parser.parse_args().exercises):
        print(exercise.name)
        for case in cases_of(exercise):
            timing = run_case(case)
            print(
                f"  {case.work}: {timing.ratio:.1f} times as fast as {case.peer} "
                f"({timing.ours * 1e3:.2f} ms against {timing.theirs * 1e3:.2f} ms)",
                flush=True,
            )
    return 0


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
