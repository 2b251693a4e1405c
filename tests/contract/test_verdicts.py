"""What the tests of every exercise must accept, and what they must reject."""

from __future__ import annotations

import ast
import itertools
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from banks import KINDS, Answer, bank, degenerate, public_names, solved_up_to

from exercises import EXERCISES, for_exercise
from grader.catalog import ROOT, Exercise
from grader.report import State
from grader.trials import Outcome, Server, Trial

SEEDS = ("0", "1", "fresh")
# What a verdict may rest on; anything else is a fault of the test or of the grader.
VERDICTS = {"mismatch", "assertion", "raised", "deadline"}


def _seed(text: str) -> int:
    return secrets.randbits(32) if text == "fresh" else int(text)


def _complaints(outcome: Outcome) -> str:
    lines = [f"{t.id}: {t.state}: {t.got or t.message}"[:300] for t in outcome.failures[:5]]
    return "\n".join([outcome.ending, *lines])


def test_nothing_passes_on_the_stub(server: Server) -> None:
    """Every test on the stub ends as "not started"."""
    outcome = server.run(Trial(subject="exercises"))
    others = [f"{t.id}: {t.state}" for t in outcome.tests if t.state is not State.NOT_STARTED]
    assert not outcome.ending
    assert outcome.tests
    assert not others, f"a stub must leave every test not started: {others}"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_solution_passes(server: Server, seed: str) -> None:
    """The reference solution passes every test at any seed."""
    number = _seed(seed)
    outcome = server.run(Trial(seed=number))
    assert outcome.passed, f"at seed {number}: {_complaints(outcome)}"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_solution_scores_the_same_isolated(
    exercise: Exercise, isolated: Server, seed: str
) -> None:
    """In a sandbox the reference solution passes every test as well, at any seed."""
    number = _seed(seed)
    outcome = isolated.run(Trial(exercise=exercise.name, seed=number))
    assert outcome.sandbox, "nothing kept the solution apart"
    assert outcome.passed, f"at seed {number}: {_complaints(outcome)}"


def test_parts_are_solved_in_order(exercise: Exercise, server: Server, tmp_path: Path) -> None:
    """With the functions of the first parts written, those are done and the next is not started."""
    for done, upcoming in itertools.pairwise((*exercise.parts, None)):
        overlay = tmp_path / f"up_to_part_{done.number}.py"
        overlay.write_text(solved_up_to(exercise, done.number), encoding="utf-8")
        owns = upcoming is not None and upcoming.class_name in exercise.owners.values()
        names = (done.class_name, *([upcoming.class_name] if owns else []))
        outcome = server.run(Trial(subject="exercises", overlay=str(overlay), parts=names))
        states = {name: set() for name in names}
        for test in outcome.tests:
            states[test.id.partition("::")[0]].add(test.state)
        assert states.pop(done.class_name) == {State.DONE}, f"{done}: {_complaints(outcome)}"
        assert all(State.NOT_STARTED in found for found in states.values()), f"after {done}"


def test_the_suite_needs_no_solutions(tmp_path: Path) -> None:
    """With `solutions/` gone, the tests judge a copy of it that lies elsewhere."""
    repository, elsewhere = tmp_path / "repository", tmp_path / "elsewhere"
    for name in ("exercises", "tests", "grader"):
        shutil.copytree(ROOT / name, repository / name)
    shutil.copy(ROOT / "pyproject.toml", repository)
    shutil.copytree(ROOT / "solutions", elsewhere)
    command = [sys.executable, "-m", "grader", "check", "--subject", str(elsewhere), "--jobs", "1"]
    judged = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr


@pytest.mark.parametrize(
    ("exercise", "case"),
    [for_exercise(e, a, name=a.path.stem) for e in EXERCISES.values() for a in bank(e, "wrong")],
)
def test_a_wrong_answer_is_rejected(exercise: Exercise, server: Server, case: Answer) -> None:
    """A known mistake fails in the part that names it, and by a verdict."""
    part = next(p for p in exercise.parts if p.title == case.rejected_by)
    outcome = server.run(Trial(overlay=str(case.path), parts=(part.class_name,)))
    causes = {test.cause for test in outcome.failures}
    assert outcome.failures, f"{part} accepts {case.path.name}: add a test that sees the mistake"
    assert not outcome.ending, outcome.ending
    assert causes <= VERDICTS, f"{case.path.name} is not judged: {_complaints(outcome)}"


@pytest.mark.parametrize(
    ("exercise", "case"),
    [for_exercise(e, a, name=a.path.stem) for e in EXERCISES.values() for a in bank(e, "right")],
)
def test_a_right_answer_is_accepted(server: Server, case: Answer) -> None:
    """A correct answer of another shape passes every test, here at a fresh seed."""
    number = _seed("fresh")  # `nox -s seeds` tries twenty
    outcome = server.run(Trial(overlay=str(case.path), seed=number))
    assert outcome.passed, f"{case.path.name} at seed {number}: {_complaints(outcome)}"


def _returning(exercise: Exercise) -> list[str]:
    """Public names of the stub that return something."""
    return [
        name
        for name, node in public_names(exercise.stub).items()
        if isinstance(node, ast.ClassDef)
        or not (isinstance(node.returns, ast.Constant) and node.returns.value is None)
    ]


@pytest.mark.parametrize(
    ("exercise", "case"),
    [for_exercise(e, name, name=name) for e in EXERCISES.values() for name in _returning(e)],
)
def test_degenerate_answers_are_rejected(
    exercise: Exercise, server: Server, case: str, tmp_path: Path
) -> None:
    """Zeros, ones, NaN, nothing, the input, a wrong dtype or shape fail in the owner's part."""
    accepted = []
    for kind in KINDS:
        overlay = tmp_path / f"{case}_{kind}.py"
        overlay.write_text(degenerate(case, kind), encoding="utf-8")
        trial = Trial(overlay=str(overlay), parts=(exercise.owners[case],), stop=True)
        outcome = server.run(trial)
        wrong = [test for test in outcome.failures if test.state is State.WRONG]
        if not wrong:
            accepted.append(f"{kind} ({_complaints(outcome).strip() or 'every test passes'})")
    assert not accepted, f"`{case}` may return {', '.join(accepted)}"
