"""Reports for tests of what is made of them."""

from __future__ import annotations

from grader.report import ExerciseResult, PartResult, Report, State, TestResult

HOSTILE = {
    "script": "</script></pre></code><script>alert(1)</script>",
    "image": "\"'><img src=x onerror=alert(1)>",
    "comment": "<!-- --><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;&lt;",
    "cdata": "]]></failure></testcase><testcase name='forged'/>",
    "table": "| a | b |\n|---|---|\n| 10 | 10 |",
    "fence": "```\n````\n# forged heading\n~~~\n```",
    "ticks": "` `` ``` ```` x \\",
    "link": "[click](javascript:alert(1)) https://evil.example <https://evil.example>",
    "formula": "=cmd|' /C calc'!A0",
    "formula later": 'x;=1+1,=1+1\t=1+1|@SUM(1)\n=1+1";=1+1',
    "formula signs": "+1-1",
    "formula wide": "＝1+1",
    "command": "::error file=forged.py::forged\n::stop-commands::x\n  ::set-output name=x::y",
    "old command": "##[error]forged\n##[add-path]/tmp",
    "escaped command": "%0A::error::forged%0D%25",
    "mention": "@everyone @octocat #1 user@evil.example",
    "colour": "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x9b31m",
    "bidi": "\u202egnp.exe \u2066 \u200f \u061c",
    "unseen": "a\u200bb\u00adc\ufeffd\u2028e\u2029f\U000e0041g\x85h\x0b\x0ci\x7f",
    "nul": "a\x00b\x01c\x08d\ufffee\uffff",
    "surrogate": "a\ud800b\udfffc\udcffd",
    "return": "honest\rforged\r\nend",
    "long": "A" * (1 << 20),
    "long lines": "wide " * 200_000 + "\n" * 50_000,
    "math": "$$\\href{javascript:alert(1)}{x}$$ {{7*7}} ${7*7} %n %s",
}


def result(name: str = "test_one", state: State = State.DONE, **facts: str) -> TestResult:
    """A result of a test of the part `TestDoubling`."""
    requirement = "The result is twice the input."
    return TestResult(f"TestDoubling::{name}", state, requirement, seconds=0.25, **facts)


def report_of(*tests: TestResult, **facts: object) -> Report:
    """A report on one exercise: a part of `tests`, and one that is done."""
    first = PartResult(1, "Doubling", 4, tests)
    second = PartResult(2, "Halving", 6, (TestResult("TestHalving::test_two", State.DONE),))
    file = "exercises/01_scaling/scaling.py"
    exercises = (ExerciseResult("01_scaling", (first, second), file, "ab" * 32),)
    known: dict = {
        "subject": "/tmp/alice",
        "device": "cpu",
        "seed": 7,
        "exercises": exercises,
        "versions": {"torch": "2.13.0"},
        "hashes": {"tests": "cd" * 32},
        "submission": "alice",
        "sandbox": "bubblewrap",
        "started": "2026-02-03T04:05:06+00:00",
        "seconds": 1.5,
        "notes": ("exercises/conftest.py was left out",),
    }
    return Report(**{**known, **facts})


def wrong(**facts: str) -> Report:
    """A report with one failed test that came to know these texts."""
    return report_of(result(state=State.WRONG, cause="mismatch", **facts))


def hostile(text: str) -> Report:
    """A report in which the submission wrote `text` wherever it can write."""
    places = ("call", "got", "expected", "message", "where", "output")
    failed = [
        result(f"test_{state.name}", state, **dict.fromkeys(places, text))
        for state in State
        if state is not State.DONE
    ]
    report = report_of(*failed, submission=text, subject=text, notes=(text, text), refused=text)
    exercise = report.exercises[0]
    return Report(
        **{**vars(report), "exercises": (ExerciseResult(exercise.name, exercise.parts, text),)}
    )
