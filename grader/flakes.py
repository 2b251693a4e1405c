"""Do the tests accept what is right at any seed? `python -m grader.flakes 06 --count 20`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from grader.catalog import Exercise, choose
from grader.cores import cores
from grader.trials import Server, Trial


def flakes(exercise: Exercise, count: int, *, isolate: bool) -> Iterator[str]:
    """A line for every failure at seeds 0 to `count` - 1.

    Beside the tests the right answers are tried after the solution; isolated, the
    solution alone.
    """
    right = () if isolate else sorted((exercise.tests / "right").glob("*.py"))
    overlays = ["", *map(str, right)]
    with Server(exercise, options=["--isolate"] if isolate else []) as server:
        for overlay in overlays:
            for seed in range(count):
                outcome = server.run(Trial(overlay=overlay, seed=seed))
                if not outcome.passed:
                    failed = [test.id for test in outcome.failures]
                    yield f"{overlay or 'solution'} at seed {seed}: {outcome.ending} {failed}"


def main() -> int:
    """Run the exercises named on the command line; exit 1 if anything flakes."""
    parser = argparse.ArgumentParser(prog="python -m grader.flakes", description=__doc__)
    parser.add_argument("exercises", nargs="*")
    parser.add_argument("--count", type=int, default=20, help="seeds per answer")
    parser.add_argument("--isolate", action="store_true", help="run the solution in a sandbox")
    options = parser.parse_args()
    exercises = choose(options.exercises)

    def search(exercise: Exercise) -> int:
        found = 0
        for line in flakes(exercise, options.count, isolate=options.isolate):
            print(line, flush=True)
            found += 1
        print(f"{exercise.name}: {options.count} seeds, {found} flakes", flush=True)
        return found

    with ThreadPoolExecutor(cores()) as pool:
        return 1 if sum(pool.map(search, exercises)) else 0


if __name__ == "__main__":
    sys.exit(main())
