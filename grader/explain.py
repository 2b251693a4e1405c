"""One failure in at most 15 lines: what was required, done, returned and expected."""

from __future__ import annotations

import textwrap

from grader.report import State, TestResult

MAX_LINES = 15
_OUTPUT_LINES = 3
_LABEL = 10


def explain(test: TestResult, width: int = 100) -> list[str]:
    """The lines that tell a learner what to do about `test`."""
    if test.state is State.NOT_STARTED:
        return _field("Required", test.requirement, width, 4)
    lines = _field("Required", test.requirement, width, 4)
    lines += _field("Call", test.call, width, 3)
    lines += _field("Got", test.got, width, 3)
    lines += _field("Expected", test.expected, width, 2)
    lines += _field("Problem", test.message, width, 4)
    lines += _field("Where", test.where, width, 1)
    room = MAX_LINES - len(lines)
    printed = test.output.strip().splitlines()[-_OUTPUT_LINES:]
    for i, line in enumerate(printed[: max(room, 0)]):
        label = "Printed" if i == 0 else ""
        lines.append(f"{label:<{_LABEL}}{line}"[:width])
    return lines[:MAX_LINES]


def _field(label: str, text: str, width: int, limit: int) -> list[str]:
    """`label` and `text`, wrapped with a hanging indent to at most `limit` lines."""
    if not text:
        return []
    rows: list[str] = []
    for line in text.splitlines():
        rows += textwrap.wrap(
            line, max(width - _LABEL, 20), break_long_words=True, break_on_hyphens=False
        ) or [""]
    if len(rows) > limit:
        rows = [*rows[: limit - 1], rows[limit - 1][: width - _LABEL - 4] + " ..."]
    return [f"{label if i == 0 else '':<{_LABEL}}{row}" for i, row in enumerate(rows)]
