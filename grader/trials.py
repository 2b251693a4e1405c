"""Many subjects against the same tests, without starting over for each.

A server (`grader.trial_server`) collects the tests once. A trial judges one subject
at one seed: a fork of the server does, or the server itself where subjects are
isolated. POSIX only, for want of `fork` elsewhere.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from grader.catalog import ROOT, Exercise
from grader.report import State, TestResult

STARTUP = 120.0  # seconds for a server to collect its tests on a loaded machine


@dataclass(frozen=True)
class Trial:
    """What to judge.

    Attributes
    ----------
    subject : str
        `exercises`, `solutions` or a folder.
    exercise : str
        Name of the exercise to judge; empty means all that the server has.
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
        Seconds that all tests together may take, once the server is up; those left over
        are not run.
    """

    subject: str = "solutions"
    exercise: str = ""
    overlay: str = ""
    seed: int = 0
    parts: tuple[str, ...] = ()
    stop: bool = False
    deadline: float = 10.0
    limit: float = 60.0


@dataclass(frozen=True)
class Outcome:
    """The verdicts of one trial, and under what conditions they came.

    Attributes
    ----------
    tests : tuple of TestResult
    ending : str
        Why the trial ended early, if it did.
    sandbox : str
        What kept the subject apart; empty if nothing did.
    versions : mapping of str to str
        Of Python and the libraries.
    """

    tests: tuple[TestResult, ...]
    ending: str = ""
    sandbox: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.ending and bool(self.tests) and not self.failures

    @property
    def failures(self) -> list[TestResult]:
        return [test for test in self.tests if test.state is not State.DONE]


class Server:
    """The tests of some exercises, collected and ready. Use as a context manager.

    Parameters
    ----------
    *exercises : Exercise
        At least one.
    options : sequence of str
        More of the plugin's options, such as `--isolate`.
    """

    def __init__(self, *exercises: Exercise, options: Sequence[str] = ()) -> None:
        ours, theirs = os.pipe(), os.pipe()
        self._requests = os.fdopen(ours[1], "w", encoding="utf-8")
        self._answers = os.fdopen(theirs[0], "r", encoding="utf-8")
        self._console = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        files = [str(exercise.test_file) for exercise in exercises]
        serve = ["-p", "grader.trial_server", "--trials", f"{ours[0]},{theirs[1]}"]
        spare = [f"no:{name}" for name in ("cacheprovider", "terminal", "xdist")]
        without = [word for name in spare for word in ("-p", name)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *files, *serve, *without, *options],
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"},
            pass_fds=(ours[0], theirs[1]),
            stdin=subprocess.DEVNULL,
            stdout=self._console,
            stderr=subprocess.STDOUT,
        )
        os.close(ours[0])
        os.close(theirs[1])

    def run(self, trial: Trial) -> Outcome:
        """Judge one subject at one seed.

        Raises
        ------
        RuntimeError
            If the server ended, or could not collect the tests; the message is its output.
        """
        try:
            self._requests.write(json.dumps(asdict(trial)) + "\n")
            self._requests.flush()
            if not select.select([self._answers], [], [], trial.limit + STARTUP)[0]:
                self._process.kill()
            answer = json.loads(self._answers.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            raise RuntimeError(f"the tests cannot be run:\n{self._last_words()}") from None
        tests = tuple(map(TestResult.from_dict, answer.pop("tests")))
        return Outcome(tests, **answer)

    def _last_words(self) -> str:
        self._process.wait()
        self._console.seek(0)
        return self._console.read().decode(errors="replace")[-3000:]

    def close(self) -> None:
        """End the server."""
        self._requests.close()
        self._process.kill()
        self._process.wait()
        self._answers.close()
        self._console.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
