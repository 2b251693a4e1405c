"""The one model of a result, and its JSON. Everything shown anywhere is rendered from it.

The JSON is described by `report.schema.json` beside this file. All text in a report is
well-formed Unicode, whatever a submission handed over, so that any file and any reader
takes it; nothing else is done to it here: each view escapes what its format requires.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path

SCHEMA_VERSION = 1


class State(StrEnum):
    """What became of a test, or of a part."""

    DONE = "done"
    WRONG = "wrong"
    NOT_STARTED = "not started"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    ERROR = "error"  # the grader's own failure: no verdict on the submission


# A part is in the first of these states that any of its tests is in.
_PRECEDENCE = (
    State.ERROR,
    State.CRASHED,
    State.TIMED_OUT,
    State.WRONG,
    State.NOT_STARTED,
)


@dataclass(frozen=True)
class TestResult:
    """The verdict of one test, in words.

    Attributes
    ----------
    id : str
        `Class::test[parameters]`, unique within the exercise.
    state : State
    requirement : str
        The sentence that the test stands for.
    cause : str
        What the verdict rests on: `mismatch`, `assertion`, `raised`, `unusable`,
        `load`, `deadline`, `exit`, `grader`, or empty when the test passed.
    call, got, expected, message, where, output : str
        The last call with its inputs; what came back; what was asked for; an
        error's text; `file:line` of the submission; what the submission printed.
    seconds : float
    """

    __test__ = False  # not a test class, whatever its name suggests to pytest

    id: str
    state: State
    requirement: str = ""
    cause: str = ""
    call: str = ""
    got: str = ""
    expected: str = ""
    message: str = ""
    where: str = ""
    output: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        _make_well_formed(self)

    @classmethod
    def from_dict(cls, data: Mapping) -> TestResult:
        return cls(**{**data, "state": State(data["state"])})


@dataclass(frozen=True)
class PartResult:
    """One part: its points are earned when every test passed, and there was one."""

    number: int
    title: str
    points: int
    tests: tuple[TestResult, ...]

    @property
    def state(self) -> State:
        states = {test.state for test in self.tests}
        if not states:
            return State.ERROR
        return next((state for state in _PRECEDENCE if state in states), State.DONE)

    @property
    def earned(self) -> int:
        return self.points if self.state is State.DONE else 0

    @property
    def passed(self) -> int:
        return sum(test.state is State.DONE for test in self.tests)

    @property
    def first_unsolved(self) -> TestResult | None:
        """The test to explain: the first in the part's own state."""
        return next((t for t in self.tests if t.state is self.state is not State.DONE), None)


@dataclass(frozen=True)
class ExerciseResult:
    """One exercise of one submission.

    Attributes
    ----------
    file, sha256 : str
        Where the work is, and the hash of what was judged; empty if it was not taken in.
    """

    name: str
    parts: tuple[PartResult, ...]
    file: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        _make_well_formed(self)

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)

    @property
    def earned(self) -> int:
        return sum(part.earned for part in self.parts)

    @property
    def solved(self) -> bool:
        return all(part.state is State.DONE for part in self.parts)

    @property
    def first_unsolved(self) -> PartResult | None:
        return next((part for part in self.parts if part.state is not State.DONE), None)


@dataclass(frozen=True)
class Report:
    """Every exercise asked for, and under what conditions it was judged.

    Attributes
    ----------
    subject : str
        `exercises`, `solutions`, or a folder.
    versions, hashes : mapping of str to str
        Of the libraries; of `grader`, `tests` and `submission`.
    submission : str
        What an instructor knows the submission by.
    sandbox : str
        What the submission was held in; empty for none.
    started : str
        Date and time, ISO 8601 with its zone.
    seconds : float
    notes : tuple of str
        What became of the files that were handed in, a sentence each.
    refused : str
        Why nothing of the submission was judged; empty if it was.
    """

    subject: str
    device: str
    seed: int
    exercises: tuple[ExerciseResult, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    submission: str = ""
    sandbox: str = ""
    started: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    refused: str = ""

    def __post_init__(self) -> None:
        _make_well_formed(self)

    @property
    def points(self) -> int:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def earned(self) -> int:
        return sum(exercise.earned for exercise in self.exercises)

    @property
    def unjudged(self) -> int:
        """How many parts have no verdict, by the grader's own failure."""
        parts = (part for exercise in self.exercises for part in exercise.parts)
        return sum(part.state is State.ERROR for part in parts)

    @property
    def solved(self) -> bool:
        return bool(self.exercises) and all(exercise.solved for exercise in self.exercises)


def to_json(report: Report) -> str:
    """The report as JSON, states and scores of every level spelled out."""
    facts = {name: getattr(report, name) for name in _facts()}
    scores = {"points": report.points, "earned": report.earned}
    exercises = [_exercise_as_dict(exercise) for exercise in report.exercises]
    data = {"schema_version": SCHEMA_VERSION, **facts, **scores, "exercises": exercises}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> Report:
    """The report that `to_json` wrote; scores are derived anew, never read."""
    data = json.loads(text)
    if data.get("schema_version") != SCHEMA_VERSION:
        found = data.get("schema_version")
        raise ValueError(f"schema_version is {found!r}; this grader reads {SCHEMA_VERSION}")
    facts = {name: data[name] for name in _facts()}
    facts["notes"] = tuple(facts["notes"])
    exercises = tuple(_exercise_from_dict(item) for item in data["exercises"])
    return Report(exercises=exercises, **facts)


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` so that a reader finds the old file or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _facts() -> list[str]:
    """What a report states beside its exercises."""
    return [item.name for item in fields(Report) if item.name != "exercises"]


def _exercise_as_dict(exercise: ExerciseResult) -> dict:
    return {
        "name": exercise.name,
        "file": exercise.file,
        "sha256": exercise.sha256,
        "points": exercise.points,
        "earned": exercise.earned,
        "parts": [_part_as_dict(part) for part in exercise.parts],
    }


def _part_as_dict(part: PartResult) -> dict:
    return {
        "number": part.number,
        "title": part.title,
        "points": part.points,
        "earned": part.earned,
        "state": part.state,
        "tests": [asdict(test) for test in part.tests],
    }


def _exercise_from_dict(data: Mapping) -> ExerciseResult:
    parts = tuple(
        PartResult(part["number"], part["title"], part["points"], _tests(part["tests"]))
        for part in data["parts"]
    )
    return ExerciseResult(data["name"], parts, data["file"], data["sha256"])


def _tests(items: Iterable[Mapping]) -> tuple[TestResult, ...]:
    return tuple(TestResult.from_dict(item) for item in items)


def _make_well_formed(record: TestResult | ExerciseResult | Report) -> None:
    """Spell lone surrogates out: they are no text, and cannot be written to a file."""
    for item in fields(record):
        value = getattr(record, item.name)
        if type(value) is str:
            object.__setattr__(record, item.name, _spelled(value))
        elif item.name == "notes":
            object.__setattr__(record, item.name, tuple(map(_spelled, value)))


def _spelled(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
