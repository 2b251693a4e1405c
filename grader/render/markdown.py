"""Markdown, as GitHub and GitLab show it.

Text from a submission stands in code spans and fenced blocks alone: there neither
markup nor HTML, links, mentions or formulas mean anything. Each fence is longer than
any run of backticks in what it holds, so nothing gets out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from grader.render.text import (
    conditions,
    explained_part,
    headline,
    line,
    open_parts,
    progress,
    title,
)
from grader.report import ExerciseResult, Report, State

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~@:&$])")


def render(report: Report, limit: int | None = None) -> str:
    """The report as Markdown.

    Parameters
    ----------
    limit : int, optional
        Bytes of UTF-8 that the result may have; explanations that do not fit are left
        out, and their number is given.
    """
    name = report.submission or report.subject
    verdict = span(report.refused, 500) if report.refused else ""
    head = [f"# Report on {span(name)}", f"**{escaped(headline(report))}** {verdict}".rstrip()]
    head += ["\n".join(f"- {span(note, 500)}" for note in report.notes)] if report.notes else []
    head += [_table(report.exercises)] if report.exercises else []
    foot = [" · ".join(f"{escaped(name)} {span(value)}" for name, value in conditions(report))]
    details = [
        f"### {escaped(title(exercise, part))}\n\n{part.state}, {progress(part)}\n\n"
        + fenced(explained_part(part))
        for exercise, part in open_parts(report)
    ]
    return _fitted(head, details, foot, limit)


def _table(exercises: Sequence[ExerciseResult]) -> str:
    rows = ["| exercise | points | parts done | next |", "|---|--:|--:|---|"]
    for exercise in exercises:
        done = sum(part.state is State.DONE for part in exercise.parts)
        part = exercise.first_unsolved
        next_one = escaped(line(f"{part.number}, {part.title}: {part.state}")) if part else ""
        rows.append(
            f"| {escaped(exercise.name)} | {exercise.earned} / {exercise.points} "
            f"| {done} / {len(exercise.parts)} | {next_one} |"
        )
    return "\n".join(rows)


def _fitted(
    head: Sequence[str], details: Sequence[str], foot: Sequence[str], limit: int | None
) -> str:
    """All blocks, or as many details as leave room for the rest."""
    kept = len(details)
    while True:
        left_out = len(details) - kept
        note = [f"{left_out} more explanations did not fit here."] if left_out else []
        text = _joined([*head, *details[:kept], *note, *foot])
        if limit is None or kept == 0 or len(text.encode()) <= limit:
            return text
        kept -= 1 + kept // 20


def _joined(blocks: Iterable[str]) -> str:
    return "\n\n".join(blocks) + "\n"


def escaped(text: str) -> str:
    """Text of our own, on one line, without a meaning as markup."""
    return _SPECIAL.sub(r"\\\1", text)


def span(text: str, limit: int = 200) -> str:
    """Text of a submission as inline code. Not for a table: a `|` would end the cell."""
    code = line(text, limit) or " "
    ticks = "`" * (_longest_run(code) + 1)
    pad = " " if code[0] == "`" or code[-1] == "`" else ""
    return f"{ticks}{pad}{code}{pad}{ticks}"


def fenced(text: str) -> str:
    """Text of a submission as a block of code."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}text\n{text}\n{ticks}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
