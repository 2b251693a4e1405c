"""The view of a report at a terminal."""

from __future__ import annotations

import pytest

from grader.explain import MAX_LINES, explain
from grader.render.terminal import Style, closing, exercise_line
from grader.report import ExerciseResult, PartResult, Report, State, TestResult

S = State
PLAIN = Style()


def exercise(name: str, *states: State) -> ExerciseResult:
    """An exercise whose parts are in these states."""
    parts = tuple(
        PartResult(i, f"Part {i}", 2, (TestResult(f"T{i}::t", state, requirement=f"Do {i}."),))
        for i, state in enumerate(states, 1)
    )
    return ExerciseResult(name, parts, f"exercises/{name}/x.py")


def shown(*exercises: ExerciseResult, style: Style = PLAIN) -> str:
    """Everything that would be printed."""
    report = Report("exercises", "cpu", 0, exercises)
    return "\n".join([*(exercise_line(e, style) for e in exercises), *closing(report, style)])


def test_a_line_has_a_cell_for_every_part() -> None:
    """The bar shows each part's state, the points, and what comes next."""
    line = exercise_line(exercise("06_lr_schedules", S.DONE, S.WRONG, S.NOT_STARTED), Style())
    assert "#x." in line
    assert "2/6" in line
    assert line.endswith("part 2, Part 2: wrong")


@pytest.mark.parametrize(
    ("exercises", "focus"),
    [
        ([("01_a", S.NOT_STARTED), ("02_b", S.WRONG)], "Next: 02_b, part 1"),
        ([("01_a", S.NOT_STARTED, S.TIMED_OUT)], "Next: 01_a, part 2"),
        ([("01_a", S.NOT_STARTED), ("02_b", S.DONE, S.NOT_STARTED)], "Next: 02_b, part 2"),
        ([("01_a", S.DONE), ("02_b", S.NOT_STARTED)], "Next: 02_b, part 1"),
        ([("01_a", S.DONE)], "Everything is solved."),
    ],
)
def test_the_next_thing_is_what_is_wrong_then_what_is_begun(exercises: list, focus: str) -> None:
    """What went wrong comes first, then the exercise under way, then the beginning."""
    assert focus in shown(*(exercise(*item) for item in exercises))


def test_points_come_from_done_parts_only() -> None:
    """A part with one test that did not pass earns nothing."""
    tests = (TestResult("T::a", S.DONE), TestResult("T::b", S.ERROR))
    assert PartResult(1, "x", 3, tests).earned == 0
    assert PartResult(1, "x", 3, ()).earned == 0
    assert PartResult(1, "x", 3, tests[:1]).earned == 3


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Lines keep to the width, down to 40 columns."""
    test = TestResult("T::t", S.WRONG, "word " * 80, call="f(" + "x" * 500, message="m" * 900)
    part = PartResult(1, "A title of some length", 2, (test,))
    text = shown(ExerciseResult("06_lr_schedules", (part,) * 8), style=Style(width=width))
    table, _, _ = text.partition("Next:")
    limit = max(width, 45)
    assert max(map(len, table.splitlines())) <= limit
    assert max(map(len, explain(test, max(width, 40)))) <= max(width, 40)


def test_color_only_where_wanted() -> None:
    """Escape sequences and symbols appear only in a style that has them."""
    plain = shown(exercise("01_a", S.WRONG))
    rich = shown(exercise("01_a", S.WRONG), style=Style(color=True, unicode=True))
    assert plain.isascii()
    assert "\x1b" not in plain
    assert "\x1b[31m✗\x1b[0m" in rich


def test_an_explanation_never_exceeds_its_lines() -> None:
    """Every field at its longest still makes at most 15 lines."""
    long = "word " * 1000
    test = TestResult("T::t", S.WRONG, long, "", long, long, long, long, long, long)
    assert len(explain(test)) <= MAX_LINES


def test_a_submission_cannot_command_the_terminal() -> None:
    """Escape sequences in what a submission said are shown, not obeyed."""
    test = TestResult("T::t", S.WRONG, "Do it.", message="\x1b[2J\x1b]0;owned\x07", output="\x9b1m")
    part = PartResult(1, "Part", 2, (test,))
    text = shown(ExerciseResult("01_a", (part,)))
    assert not [c for c in text if c in "\x1b\x07\x9b"]
