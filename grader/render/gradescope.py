"""Gradescope's `results.json`: a test per part, for parts are what points are given for.

The format: https://gradescope-autograders.readthedocs.io/en/latest/specs/. Every text is
declared to be plain, so the platform shows it as it is instead of as HTML or Markdown.
"""

from __future__ import annotations

import json
from typing import Literal

from grader.render.text import explained_part, line, progress, verdict
from grader.report import ExerciseResult, PartResult, Report, State

Visibility = Literal["visible", "hidden", "after_due_date", "after_published"]


def render(report: Report, visibility: Visibility = "visible") -> str:
    """The report as `results.json`.

    Parameters
    ----------
    visibility : {"visible", "hidden", "after_due_date", "after_published"}
        When students see the tests. What graders print they never see.
    """
    tests = [
        _test(exercise, part, visibility)
        for exercise in report.exercises
        for part in exercise.parts
    ]
    notes = [line(note, 500) for note in report.notes]
    seed = f"Seed {report.seed}, device {report.device}, sandbox {report.sandbox or 'none'}."
    results = {
        "score": float(report.earned),
        "execution_time": round(report.seconds),
        "output": "\n".join([verdict(report), *notes, seed]),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    return json.dumps(results, indent=2) + "\n"


def _test(exercise: ExerciseResult, part: PartResult, visibility: Visibility) -> dict:
    done = part.state is State.DONE
    output = progress(part) if done else f"{part.state}; {progress(part)}\n{explained_part(part)}"
    return {
        "name": line(f"{exercise.name}: {part.title}"),
        "name_format": "text",
        "number": f"{int(exercise.name[:2])}.{part.number}",
        "score": float(part.earned),
        "max_score": float(part.points),
        "status": "passed" if done else "failed",
        "output": output,
        "output_format": "text",
        "visibility": visibility,
    }
