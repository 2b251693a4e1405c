"""A report for a person at a terminal: a line per exercise, then the next thing to do."""

from __future__ import annotations

from dataclasses import dataclass

from grader.explain import explain
from grader.render.text import plain
from grader.report import ExerciseResult, PartResult, Report, State

_CELLS = {
    State.DONE: ("■", "#", "32"),
    State.WRONG: ("✗", "x", "31"),
    State.NOT_STARTED: ("□", ".", "2"),
    State.CRASHED: ("!", "!", "31"),
    State.TIMED_OUT: ("◷", "t", "33"),
    State.ERROR: ("?", "?", "35"),
}
_MIN_WIDTH, _MAX_WIDTH = 40, 110


@dataclass(frozen=True)
class Style:
    """What the terminal can show."""

    width: int = 80
    color: bool = False
    unicode: bool = False

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text

    @property
    def room(self) -> int:
        return min(max(self.width, _MIN_WIDTH), _MAX_WIDTH)


def exercise_line(result: ExerciseResult, style: Style) -> str:
    """One line: name, a cell for each part, points, and what comes next."""
    cells = [_cell(part.state, style) for part in result.parts]
    bar = "".join(cells) + " " * (8 - len(cells))
    points = f"{result.earned:>3}/{result.points}"
    text = f"{result.name:<24} {bar} {points}"
    plain_length = 24 + 1 + 8 + 1 + len(points)
    note = _note(result)
    space = style.room - plain_length - 3
    return f"{text}   {_clip(note, space)}".rstrip() if space > 8 else text


def closing(report: Report, style: Style) -> list[str]:
    """The lines below the table: the total, and the first unsolved part explained."""
    lines = [f"{'total':<24} {'':<8} {report.earned:>3}/{report.points}", ""]
    focus = _focus(report)
    if focus is None:
        return [*lines, style.paint("Everything is solved.", "32")]
    exercise, part = focus
    code = _CELLS[part.state][2]
    head = f"{exercise.name}, part {part.number}, {part.title}: "
    lines.append(style.paint(f"Next: {head}{_progress(part)}", f"1;{code}"))
    if part.state is State.NOT_STARTED:
        folder = f"exercises/{exercise.name}"
        lines.append(f"{'Read':<10}{folder}/README.md")
        lines.append(f"{'Write in':<10}{exercise.file}")
    if test := part.first_unsolved:
        lines += [plain(line) for line in explain(test, style.room)]
    return lines


def _cell(state: State, style: Style) -> str:
    fine, plain, code = _CELLS[state]
    return style.paint(fine if style.unicode else plain, code)


def _note(result: ExerciseResult) -> str:
    part = _urgent(result)
    if part is None:
        return "done"
    untouched = all(p.state is State.NOT_STARTED and not p.passed for p in result.parts)
    return "not started" if untouched else f"part {part.number}, {part.title}: {part.state}"


def _progress(part: PartResult) -> str:
    share = f"{part.passed} of {len(part.tests)} tests pass"
    return f"{part.state}, {share}" if part.passed else str(part.state)


def _urgent(result: ExerciseResult) -> PartResult | None:
    """What to turn to in an exercise: the first part gone wrong, else the first not started."""
    amiss = (p for p in result.parts if p.state not in (State.DONE, State.NOT_STARTED))
    return next(amiss, result.first_unsolved)


def _focus(report: Report) -> tuple[ExerciseResult, PartResult] | None:
    """What to turn to first: something wrong, else what was begun, else the beginning."""
    open_parts = [(e, p) for e in report.exercises if (p := _urgent(e))]
    wrong = [pair for pair in open_parts if pair[1].state is not State.NOT_STARTED]
    begun = [pair for pair in open_parts if pair[0].earned or pair[1].passed]
    return next(iter(wrong or begun or open_parts), None)


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
