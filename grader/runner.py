"""Runs the tests of several exercises in child processes and gathers their verdicts.

The parent imports neither torch nor a submission. It follows the verdicts as a
child writes them, ends a child that hangs or that dies in mid-test, puts that
down to the test in question, and lets a fresh child go on with the next one.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from grader.catalog import ROOT, Exercise
from grader.cores import cores
from grader.report import ExerciseResult, Report, State, TestResult
from grader.scoring import score

GRACE = 3.0  # seconds that a child has beyond a test's deadline to end it by itself
STARTUP = 120.0  # seconds until the first test must have begun
_POLL = 0.01
TREES = ("exercises", "solutions")


@dataclass(frozen=True)
class Options:
    """How to judge.

    Attributes
    ----------
    subject : str
        `exercises`, `solutions` or a folder.
    device : {"cpu", "cuda"}
    seed : int
    deadline : float
        Seconds that one test may take.
    jobs : int
        Children at once.
    """

    subject: str = "exercises"
    device: str = "cpu"
    seed: int = 0
    deadline: float = 10.0
    jobs: int = 0


def run(
    exercises: Sequence[Exercise],
    options: Options,
    on_exercise: Callable[[ExerciseResult], None] = lambda result: None,
) -> Report:
    """Judge `exercises` and report.

    Parameters
    ----------
    on_exercise : callable
        Told of each exercise's result as soon as it and all before it are there.
    """
    jobs = options.jobs or (1 if options.device == "cuda" else cores())
    lanes = max(1, min(len(exercises), jobs))
    facts: dict[str, str] = {}
    results: dict[str, ExerciseResult] = {}
    lock = threading.Lock()

    def finish(result: ExerciseResult) -> None:
        with lock:
            before = _leading(exercises, results)
            results[result.name] = result
            for name in _leading(exercises, results)[len(before) :]:
                on_exercise(results[name])

    with ThreadPoolExecutor(lanes) as pool:
        tasks = [
            pool.submit(_Lane(exercises[i::lanes], options, facts, finish).run)
            for i in range(lanes)
        ]
        for task in tasks:
            task.result()
    ordered = tuple(results[exercise.name] for exercise in exercises)
    return Report(options.subject, options.device, options.seed, ordered, facts)


def _leading(exercises: Sequence[Exercise], results: dict[str, ExerciseResult]) -> list[str]:
    """Names of the exercises, in order, up to the first one without a result."""
    names = []
    for exercise in exercises:
        if exercise.name not in results:
            break
        names.append(exercise.name)
    return names


@dataclass
class _Lane:
    """Some of the exercises, run one after the other in one child as long as it lives."""

    exercises: Sequence[Exercise]
    options: Options
    facts: dict[str, str]
    finish: Callable[[ExerciseResult], None]
    pending: dict[str, list[str]] = field(default_factory=dict)
    verdicts: dict[str, dict[str, TestResult]] = field(default_factory=dict)

    def run(self) -> None:
        """Judge every exercise of this lane, in as many children as it takes."""
        self.verdicts = {exercise.name: {} for exercise in self.exercises}
        selection = [str(exercise.test_file) for exercise in self.exercises]
        while selection:
            with tempfile.TemporaryDirectory(prefix="katas-") as folder:
                self._run_child(Path(folder), selection)
            selection = self._remaining()

    def _run_child(self, folder: Path, selection: Sequence[str]) -> None:
        events = folder / "events.jsonl"
        events.touch()
        (folder / "tests.txt").write_text("\n".join(selection) + "\n", encoding="utf-8")
        with (folder / "console.txt").open("wb") as console:
            child = _start(self.options, events, folder / "tests.txt", console)
            try:
                ending = self._follow(child, events)
            finally:
                _kill(child)
        if ending and not self.pending:
            tail = (folder / "console.txt").read_text(errors="replace")[-1500:]
            self._break(f"{ending.message}\n{tail}".strip())
        elif ending:
            self._close_current(ending)
        elif not self.pending:
            self._break("the tests could not be collected")

    def _follow(self, child: subprocess.Popen, events: Path) -> TestResult | None:
        """Read verdicts until the child ends; the ending if it is to blame on something."""
        self.current: tuple[str, str, str] | None = None
        self.done = False
        limit = time.monotonic() + STARTUP
        unfinished = ""
        with events.open(encoding="utf-8") as stream:
            while True:
                alive = child.poll() is None
                *lines, unfinished = (unfinished + stream.read()).split("\n")
                for line in lines:
                    self._take(json.loads(line))
                    limit = time.monotonic() + self.options.deadline + GRACE
                if self.done:
                    return None
                if not alive:
                    return _ending(State.CRASHED, "exit", _manner(child.returncode))
                if self.options.deadline and time.monotonic() > limit:
                    message = f"no answer within {self.options.deadline:g} s"
                    return _ending(State.TIMED_OUT, "deadline", message)
                time.sleep(_POLL)

    def _take(self, event: dict) -> None:
        match event["event"]:
            case "session":
                self.facts.update(event["versions"])
            case "broken":
                self._break(event["message"], Path(event["file"]).parent.name)
            case "collected":
                self.pending = {}
                for name, test in event["tests"]:
                    self.pending.setdefault(name, []).append(test)
            case "start":
                self.current = (event["exercise"], event["id"], event["requirement"])
            case "result":
                self._record(event["exercise"], TestResult.from_dict(event["test"]))
                self.current = None
            case "finish":
                self.done = True

    def _record(self, name: str, result: TestResult) -> None:
        self.verdicts[name][result.id] = result
        self.pending[name].remove(result.id)
        if not self.pending[name]:
            self._finish(name)

    def _finish(self, name: str) -> None:
        exercise = next(e for e in self.exercises if e.name == name)
        self.pending.pop(name, None)
        verdicts = self.verdicts[name]
        broken = verdicts.pop("collection", None)
        reason = broken.message if broken else "the test gave no verdict"
        missing = TestResult("", State.ERROR, cause="grader", message=reason)
        folder = self.options.subject if self.options.subject in TREES else "exercises"
        file = f"{folder}/{name}/{exercise.file_name}"
        self.finish(score(exercise, verdicts.values(), missing=missing, file=file))

    def _close_current(self, ending: TestResult) -> None:
        """Blame the test that the child ended in, and the rest of its part if it hung."""
        if self.current is None:
            if self.pending:
                self._break(f"the child ended between two tests: {ending.message}")
            return
        name, test_id, requirement = self.current
        group = test_id.rpartition("::")[0]
        victims = [test_id]
        if ending.state is State.TIMED_OUT:
            victims += [t for t in self.pending[name] if t.startswith(f"{group}::")]
        for victim in dict.fromkeys(victims):
            sentence = requirement if victim == test_id else ""
            self._record(name, replace(ending, id=victim, requirement=sentence))

    def _break(self, message: str, name: str = "") -> None:
        """The grader's own failure: every test without a verdict is in error."""
        for exercise in self.exercises:
            unfinished = exercise.name in self.pending or not self.verdicts[exercise.name]
            if unfinished and name in ("", exercise.name):
                failure = TestResult("collection", State.ERROR, cause="grader", message=message)
                self.verdicts[exercise.name]["collection"] = failure
                self._finish(exercise.name)

    def _remaining(self) -> list[str]:
        files = {exercise.name: exercise.test_file for exercise in self.exercises}
        return [f"{files[name]}::{test}" for name in self.pending for test in self.pending[name]]


def _start(
    options: Options, events: Path, selection: Path, console: IO[bytes]
) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest", f"@{selection}", "--events", str(events)),
            *("--subject", options.subject, "--device", options.device),
            *("--seed", str(options.seed), "--deadline", str(options.deadline)),
            *("-p", "no:cacheprovider", "-p", "no:terminal", "--rootdir", str(ROOT)),
        ],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=console,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _kill(child: subprocess.Popen) -> None:
    """End the child and whatever it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.wait()


def _ending(state: State, cause: str, message: str) -> TestResult:
    return TestResult("", state, cause=cause, message=message)


def _manner(code: int) -> str:
    if code >= 0:
        return f"the process left with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
    return f"the process was ended by {name}"
