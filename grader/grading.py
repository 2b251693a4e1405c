"""One submission in, one report out: a pure function of submission, tests and seed.

A job carries the submission's files by value, so it can be sent to any machine that
has this repository. What runs it keeps tests and sandbox warm from job to job; a
submission never shares a process with either, nor with another submission.
"""

from __future__ import annotations

import hashlib
import platform
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from grader.catalog import ROOT, Exercise, choose
from grader.intake import Refused, take
from grader.report import ExerciseResult, Report, State, TestResult
from grader.scoring import score
from grader.trials import Outcome, Server, Trial

DEADLINES = 30  # what all tests of an exercise may take, in deadlines of one
UNTOUCHED = TestResult("", State.NOT_STARTED, message="the file is missing, or still the stub")


@lru_cache(maxsize=1)
def grader_hashes() -> dict[str, str]:
    """What a verdict rests on: hashes of the grader and of the tests."""
    return {name: _hash_tree(ROOT / name) for name in ("grader", "tests")}


def _hash_tree(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(folder)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@dataclass(frozen=True)
class Settings:
    """What all jobs of a batch have in common.

    Attributes
    ----------
    exercises : tuple of str
        Names of the exercises to judge.
    seed : int
    sandbox : {"auto", "bubblewrap", "sandlock", "none"}
    device : {"cpu", "cuda"}
    deadline : float
        Seconds that one test may take.
    """

    exercises: tuple[str, ...]
    seed: int
    sandbox: str = "auto"
    device: str = "cpu"
    deadline: float = 10.0


@dataclass(frozen=True)
class Job:
    """One submission to grade.

    Attributes
    ----------
    submission : str
        What an instructor knows it by.
    files : mapping of str to bytes
        Exercise name to the content of its file; an untouched stub is left out.
    sha256 : str
        Of all that was taken in.
    notes : tuple of str
        What intake has to say.
    refused : str
        Why nothing can be judged; empty if it can.
    settings : Settings
    grader : mapping of str to str
        Hashes of the grader and the tests that are to judge.
    width : int
        How many exercises to judge at once.
    """

    submission: str
    files: Mapping[str, bytes]
    sha256: str
    settings: Settings
    notes: tuple[str, ...] = ()
    refused: str = ""
    grader: Mapping[str, str] = field(default_factory=grader_hashes)
    width: int = 1


class OtherGrader(ValueError):
    """The machine that was asked to judge has other tests than the one that asked."""


def grade(job: Job) -> Report:
    """Judge one submission; what fails in the grader is tried once more, then an error.

    Raises
    ------
    OtherGrader
        If the job was made where grader or tests are others than here.
    """
    if job.grader != grader_hashes():
        raise OtherGrader(
            f"{platform.node()} has other tests, or another grader, than the machine that asks: "
            "bring its checkout up to date and start its worker anew"
        )
    began, started = time.monotonic(), datetime.now(UTC)
    settings = job.settings
    exercises = choose(settings.exercises)
    with (
        tempfile.TemporaryDirectory(prefix="submission-") as folder,
        ThreadPoolExecutor(job.width) as pool,
    ):
        judged = list(pool.map(lambda e: _judge(e, job, Path(folder)), exercises))
    results = [result for result, _ in judged]
    ran = [outcome for _, outcome in judged if outcome]
    return Report(
        subject=job.submission,
        submission=job.submission,
        device=settings.device,
        seed=settings.seed,
        exercises=tuple(results),
        versions=next((outcome.versions for outcome in ran), {}),
        hashes={**grader_hashes(), "submission": job.sha256},
        sandbox=", ".join(sorted({outcome.sandbox for outcome in ran} - {""})),
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - began, 3),
        notes=job.notes,
        refused=job.refused,
    )


def _judge(exercise: Exercise, job: Job, folder: Path) -> tuple[ExerciseResult, Outcome | None]:
    """The result of one exercise, and the run that it rests on, if there was one to judge."""
    content = job.files.get(exercise.name)
    if content is None:
        return score(exercise, (), missing=UNTOUCHED), None
    path = folder / exercise.name / exercise.file_name
    path.parent.mkdir()
    path.write_bytes(content)
    trial = Trial(
        subject=str(folder),
        exercise=exercise.name,
        seed=job.settings.seed,
        deadline=job.settings.deadline,
        limit=DEADLINES * job.settings.deadline,
    )
    outcome = _run(trial, job.settings)
    reason = outcome.ending or "the test gave no verdict"
    result = score(
        exercise,
        [_without_folder(test, folder) for test in outcome.tests],
        missing=TestResult("", State.ERROR, cause="grader", message=reason),
        file=exercise.file_name,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return result, outcome


def _run(trial: Trial, settings: Settings) -> Outcome:
    """Run a trial, and once more if it is the grader that failed."""
    session = _Session.borrow(settings)
    try:
        outcome = session.run(trial)
        if any(test.state is State.ERROR for test in outcome.tests) or outcome.ending:
            outcome = session.run(trial)
    finally:
        session.give_back()
    return outcome


def _without_folder(test: TestResult, folder: Path) -> TestResult:
    """Paths as the submission has them, not as the grader unpacked them."""
    shorter = {
        name: getattr(test, name).replace(f"{folder}/", "")
        for name in ("message", "where", "output", "got")
    }
    return replace(test, **shorter)


@dataclass
class _Session:
    """A trial server whose subjects are isolated, kept for the jobs to come."""

    settings: Settings
    server: Server | None = None

    @staticmethod
    def borrow(settings: Settings) -> _Session:
        """An idle session for these settings, or a new one in place of all idle others."""
        key = replace(settings, seed=0)
        with _lock:
            for session in _idle:
                if session.settings == key:
                    _idle.remove(session)
                    return session
            _close_idle()
        return _Session(key)

    def give_back(self) -> None:
        with _lock:
            _idle.append(self)

    def run(self, trial: Trial) -> Outcome:
        """Run a trial; a server that ended is replaced at the next."""
        if self.server is None:
            self.server = self._start()
        try:
            outcome = self.server.run(trial)
        except RuntimeError as problem:
            self.close()
            return Outcome((), str(problem))
        return outcome

    def close(self) -> None:
        """End the server, if there is one."""
        if self.server is not None:
            self.server.close()
            self.server = None

    def _start(self) -> Server:
        options = ["--isolate", "--sandbox", self.settings.sandbox]
        options += ["--device", self.settings.device]
        return Server(*choose(self.settings.exercises), options=options)


_idle: list[_Session] = []
_lock = threading.Lock()


def close_sessions() -> None:
    """End what is kept warm."""
    with _lock:
        _close_idle()


def _close_idle() -> None:
    while _idle:
        _idle.pop().close()


def job_from(path: Path, submission: str, settings: Settings, exercises: Sequence[Exercise]) -> Job:
    """Take a submission in; one that is refused becomes a job with nothing to judge."""
    with tempfile.TemporaryDirectory(prefix="intake-") as folder:
        try:
            intake = take(path, Path(folder), exercises)
        except Refused as problem:
            return Job(submission, {}, "", settings, refused=str(problem))
        files = {
            found.exercise: found.path.read_bytes() for found in intake.files if not found.untouched
        }
        return Job(submission, files, intake.sha256, settings, intake.notes)
