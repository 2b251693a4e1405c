"""GitHub Actions: the summary of a job, and annotations in its log.

The limits of both: a summary of 1 MiB per step, 10 annotations of a kind per step.
https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import re

from grader.render import markdown
from grader.render.text import explained_part, open_parts, title, verdict
from grader.report import ExerciseResult, PartResult, Report, State

SUMMARY_BYTES = (1 << 20) - (1 << 14)  # what is left is for others in the same step
ANNOTATIONS = 10


def summary(report: Report) -> str:
    """The Markdown to append to the file that GITHUB_STEP_SUMMARY names."""
    return markdown.render(report, SUMMARY_BYTES)


def annotate(report: Report) -> str:
    """The lines to print: workflow commands, no more than a step may show."""
    found = [_annotation(exercise, part) for exercise, part in open_parts(report)]
    if report.refused:
        found.insert(0, _command("error", verdict(report), title="Submission refused"))
    if len(found) > ANNOTATIONS:
        rest = len(found) - ANNOTATIONS + 1
        more = f"{rest} more parts are not done; the summary of this job has them"
        found[ANNOTATIONS - 1 :] = [_command("error", more, title="And more")]
    return "".join(f"{command}\n" for command in found)


def _annotation(exercise: ExerciseResult, part: PartResult) -> str:
    place = {"file": f"exercises/{exercise.name}/{exercise.name[3:]}.py"}
    test = part.first_unsolved
    if test and (number := re.search(r":([1-9]\d{0,5})$", test.where)):
        place["line"] = number[1]
    heading = f"{title(exercise, part)}: {part.state}"
    # A failure of the grader is no mistake in the code.
    kind = "warning" if part.state is State.ERROR else "error"
    return _command(kind, explained_part(part), **place, title=heading)


def _command(kind: str, message: str, **properties: str) -> str:
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {given}::{_data(message)}"


def _data(text: str) -> str:
    """Text that the runner restores, line ends included.

    It reads commands only where a line begins with `::` (or holds `##[`), which cannot
    be here; apart they are drawn all the same, for tools that split the lines first.
    """
    apart = text.replace("::", ": :").replace("##[", "## [")
    return apart.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
