"""A gradebook: one row per submission, for spreadsheets and learning platforms."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from grader.render.text import line
from grader.report import Report

# A spreadsheet computes a cell that begins so, in some locales the wide forms too. It
# may also split the line elsewhere than at commas: what follows such a mark is a begin.
_FORMULA = re.compile(r"(^|[;,|\t])(\s*)(?=[=+\-@＝＋－＠])")


def gradebook(reports: Iterable[Report]) -> str:
    """Points by submission and exercise, in the order of the submissions' names.

    It holds nothing that two runs with one seed could differ in.
    """
    reports = sorted(reports, key=lambda report: report.submission)
    names = sorted({exercise.name for report in reports for exercise in report.exercises})
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(["submission", "earned", "points", *names, "unjudged", "refused"])
    for report in reports:
        earned = {exercise.name: exercise.earned for exercise in report.exercises}
        scores = [earned.get(name, "") for name in names]
        total = [report.earned, report.points]
        reason = cell(report.refused)
        writer.writerow(
            [cell(report.submission or report.subject), *total, *scores, report.unjudged, reason]
        )
    return output.getvalue()


def cell(text: str) -> str:
    """Text of a submission that no spreadsheet takes for a formula."""
    return _FORMULA.sub(r"\1\2'", line(text, 500))
