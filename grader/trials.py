"""Many subjects against one exercise's tests, without starting over for each.

A server (`grader.trial_server`) collects the tests once; every trial is a fork of
it that judges one subject at one seed. Maintainers' work: wrong and right answers, seeds, mutants.
POSIX only, for want of `fork` elsewhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass

from grader.catalog import ROOT, Exercise
from grader.report import State, TestResult


@dataclass(frozen=True)
class Trial:
    """What to judge.

    Attributes
    ----------
    subject : str
        `exercises`, `solutions` or a folder.
    overlay : str
        A file laid over the subject, or empty.
    seed : int
    parts : tuple of str
        Class names of the parts to run, in this order; empty means all.
    stop : bool
        Whether the first test that does not pass ends the trial.
    deadline : float
        Seconds that each test may take.
    limit : float
        Seconds that the whole trial may take.
    """

    subject: str = "solutions"
    overlay: str = ""
    seed: int = 0
    parts: tuple[str, ...] = ()
    stop: bool = False
    deadline: float = 10.0
    limit: float = 60.0


@dataclass(frozen=True)
class Outcome:
    """The verdicts of one trial; `ending` says why it ended early, if it did."""

    tests: tuple[TestResult, ...]
    ending: str = ""

    @property
    def passed(self) -> bool:
        return not self.ending and bool(self.tests) and not self.failures

    @property
    def failures(self) -> list[TestResult]:
        return [test for test in self.tests if test.state is not State.DONE]


class Server:
    """The tests of one exercise, collected and ready. Use as a context manager.

    Parameters
    ----------
    exercise : Exercise
    """

    def __init__(self, exercise: Exercise) -> None:
        ours, theirs = os.pipe(), os.pipe()
        self._requests = os.fdopen(ours[1], "w", encoding="utf-8")
        self._answers = os.fdopen(theirs[0], "r", encoding="utf-8")
        self._process = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "pytest",
                    str(exercise.test_file),
                    "-p",
                    "grader.trial_server",
                ),
                *("--trials", f"{ours[0]},{theirs[1]}"),
                *("-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:xdist"),
            ],
            cwd=ROOT,
            pass_fds=(ours[0], theirs[1]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        os.close(ours[0])
        os.close(theirs[1])

    def run(self, trial: Trial) -> Outcome:
        """Judge one subject at one seed.

        Raises
        ------
        RuntimeError
            If the server could not collect the tests; the message is its output.
        """
        try:
            self._requests.write(json.dumps(asdict(trial)) + "\n")
            self._requests.flush()
            answer = json.loads(self._answers.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            output = self._process.communicate()[0].decode(errors="replace")
            raise RuntimeError(f"the tests could not be collected:\n{output[-3000:]}") from None
        return Outcome(tuple(map(TestResult.from_dict, answer["tests"])), answer["ending"])

    def close(self) -> None:
        """End the server."""
        self._requests.close()
        self._process.kill()
        self._process.communicate()
        self._answers.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
