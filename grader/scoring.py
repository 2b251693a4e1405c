"""From the verdicts of tests to the parts of an exercise, by the catalog's list of tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from grader.catalog import Exercise
from grader.report import ExerciseResult, PartResult, TestResult


def score(
    exercise: Exercise,
    verdicts: Iterable[TestResult],
    *,
    missing: TestResult,
    file: str = "",
    sha256: str = "",
) -> ExerciseResult:
    """The result of one exercise.

    Parameters
    ----------
    verdicts : iterable of TestResult
        Of the tests that ran.
    missing : TestResult
        Stands for every test of the exercise that gave no verdict.
    file, sha256 : str
        Where the work is, and its hash.
    """
    tests = list(verdicts)
    parts = []
    for part in exercise.parts:
        own = [test for test in tests if test.id.startswith(f"{part.class_name}::")]
        stems = {test.id.partition("[")[0] for test in own}
        expected = (f"{part.class_name}::{name}" for name in part.tests)
        own += [replace(missing, id=stem) for stem in expected if stem not in stems]
        parts.append(PartResult(part.number, part.title, part.points, tuple(own)))
    return ExerciseResult(exercise.name, tuple(parts), file, sha256)
