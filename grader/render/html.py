"""A report on a single page that needs nothing else: no script, no link, no request."""

from __future__ import annotations

import base64
import hashlib
import html

from grader.render.text import conditions, explained, line, progress, verdict
from grader.report import ExerciseResult, PartResult, Report, State, TestResult

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse }
th, td { padding: .2rem .8rem .2rem 0; text-align: left }
pre { overflow: auto; max-height: 24rem; padding: .6rem; border: 1px solid #8884 }
pre, code, li { unicode-bidi: isolate; overflow-wrap: anywhere }
.done { color: #2a7d3f } .wrong, .crashed, .timed-out { color: #c0392b } .error { color: #8e44ad }
"""
# Only this very style sheet applies; nothing is loaded, sent or run.
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"


def render(report: Report) -> str:
    """The report as one HTML page."""
    name = _text(report.submission or report.subject)
    notes = "".join(f"<li>{_text(note, 500)}</li>" for note in report.notes)
    rows = "".join(
        f"<tr><th scope=row>{_text(key)}</th><td><code>{_text(value)}</code></td></tr>\n"
        for key, value in conditions(report)
    )
    body = [
        f"<h1>Report on <bdi>{name}</bdi></h1>",
        f"<p><strong>{_text(verdict(report), 600)}</strong></p>",
        f"<ul>{notes}</ul>" if notes else "",
        *(_exercise(exercise) for exercise in report.exercises),
        f"<h2>Conditions</h2>\n<table>\n{rows}</table>",
    ]
    return _page(name, "\n".join(filter(None, body)))


def _page(name: str, body: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Report on {name}</title>
<style>{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _exercise(exercise: ExerciseResult) -> str:
    parts = "\n".join(_part(part) for part in exercise.parts)
    points = f"{exercise.earned} of {exercise.points} points"
    return f"<h2>{_text(exercise.name)}: {points}</h2>\n{parts}"


def _part(part: PartResult) -> str:
    heading = f"{part.number}. {_text(part.title)}: {_state(part.state)}"
    score = f"{part.earned} of {part.points} points, {progress(part)}"
    tests = "\n".join(_test(test) for test in part.tests)
    return f"<h3>{heading}</h3>\n<p>{score}</p>\n<ul>\n{tests}\n</ul>"


def _test(test: TestResult) -> str:
    summary = f"{_state(test.state)}: {_text(test.requirement or test.id)}"
    if test.state in (State.DONE, State.NOT_STARTED):
        return f"<li>{summary}</li>"
    why = html.escape(explained(test))
    return f"<li><details><summary>{summary}</summary><pre>{why}</pre></details></li>"


def _state(state: State) -> str:
    return f'<span class="{state.replace(" ", "-")}">{state}</span>'


def _text(text: str, limit: int = 200) -> str:
    return html.escape(line(text, limit))
