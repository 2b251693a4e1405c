"""What the views share: text from a submission made harmless, and a failure explained.

A view escapes for its own format what comes out of here. What no format should ever
see (control characters, terminal escapes, marks that reorder text, endless lines) is
dealt with once, here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from grader.explain import explain
from grader.report import ExerciseResult, PartResult, Report, State, TestResult

_LIMIT = 2000  # characters of one field: far more than an explanation shows
_LINE = 200


def plain(text: str, limit: int = _LIMIT) -> str:
    """`text` of at most `limit` characters, with all that cannot be seen spelled out.

    What `repr` would escape is escaped, line ends and tabs excepted; so the result
    holds no control character, no mark of text direction and no lone surrogate.
    """
    head = text[:limit].replace("\r\n", "\n")
    clean = "".join(c if c.isprintable() or c in "\n\t" else _spelled(c) for c in head)
    more = len(text) - limit
    return f"{clean} ... ({more} more characters)" if more > 0 else clean


def line(text: str, limit: int = _LINE) -> str:
    """`text` as `plain` leaves it, on a single line."""
    return " ".join(plain(text, limit).split())


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def explained(test: TestResult) -> str:
    """The few lines that tell a learner what to do about `test`."""
    texts = ("requirement", "call", "got", "expected", "message", "where")
    clean: dict[str, Any] = {name: plain(getattr(test, name)) for name in texts}
    clean["output"] = plain(test.output[-_LIMIT:])  # of what was printed the end matters
    return "\n".join(explain(replace(test, **clean)))


def explained_part(part: PartResult) -> str:
    """The first test to turn to in an unsolved part, explained."""
    test = part.first_unsolved
    return explained(test) if test else "no test of this part gave a verdict"


def open_parts(report: Report) -> Iterator[tuple[ExerciseResult, PartResult]]:
    """The parts that were begun and are not done: those that need an explanation."""
    for exercise in report.exercises:
        for part in exercise.parts:
            if part.state not in (State.DONE, State.NOT_STARTED):
                yield exercise, part


def progress(part: PartResult) -> str:
    """How many tests of a part pass, in words."""
    return f"{part.passed} of {len(part.tests)} tests pass"


def title(exercise: ExerciseResult, part: PartResult) -> str:
    """A part by its full name."""
    return line(f"{exercise.name}, part {part.number}, {part.title}")


def headline(report: Report) -> str:
    """The score in a few words of our own, and whether it is one to rely on."""
    if report.refused:
        return "Not judged:"
    score = f"{report.earned} of {report.points} points"
    if not report.unjudged:
        return score
    return f"{score}; parts that the grader itself failed on: {report.unjudged}; grade again"


def verdict(report: Report) -> str:
    """The score, or why there is none, which may hold text of the submission."""
    return f"{headline(report)} {line(report.refused, 500)}".strip()


def conditions(report: Report) -> list[tuple[str, str]]:
    """Under what conditions the submission was judged, as names and values."""
    facts = {
        "Device": report.device,
        "Seed": str(report.seed),
        "Sandbox": report.sandbox or "none",
        "Started": report.started,
        "Seconds": f"{report.seconds:.1f}" if report.seconds else "",
        **report.versions,
        **{f"SHA-256 of {name}": value for name, value in report.hashes.items()},
    }
    return [(line(name), line(value)) for name, value in facts.items() if value]
