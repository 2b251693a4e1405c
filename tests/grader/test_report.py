"""The report and its JSON: exact both ways, and as the published schema says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import HOSTILE, hostile, report_of, result

from grader import report as module
from grader.report import PartResult, Report, State, TestResult, from_json, to_json

SCHEMA = json.loads(Path(module.__file__).with_name("report.schema.json").read_text("utf-8"))

any_text = st.text(st.characters(), max_size=20)  # lone surrogates included


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_holds_any_text(text: str) -> None:
    """Whatever a submission writes, the report can be written to a file and read back equal."""
    report = hostile(text)
    assert from_json(to_json(report).encode("utf-8").decode("utf-8")) == report


@given(message=any_text, name=any_text, note=any_text, state=st.sampled_from(list(State)))
def test_json_is_exact(message: str, name: str, note: str, state: State) -> None:
    """Writing and reading gives back an equal report, to the last character."""
    report = report_of(
        result(state=state, message=message, output=name), submission=name, notes=(note,)
    )
    assert from_json(to_json(report)) == report


@given(text=any_text)
def test_text_is_well_formed(text: str) -> None:
    """Text in a report can be encoded; what could be already is kept as it was."""
    kept = result(message=text).message
    assert kept.encode("utf-8").decode("utf-8") == kept
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        assert kept == text


def test_every_field_is_kept() -> None:
    """No field of a report is lost on the way, so each differs from its default here."""
    report = report_of(result(), refused="the archive is damaged")
    for name in Report.__dataclass_fields__:
        assert getattr(from_json(to_json(report)), name) == getattr(report, name)
        assert getattr(report, name), f"{name} is empty in this test"


@pytest.mark.parametrize("state", State)
def test_json_is_valid_by_the_schema(
    state: State, validator: jsonschema.Draft202012Validator
) -> None:
    """Reports of every state are valid by the published schema."""
    validator.validate(json.loads(to_json(report_of(result(state=state)))))


def test_a_bare_report_is_valid(validator: jsonschema.Draft202012Validator) -> None:
    """A report on nothing, all defaults, is valid too, and so is a refusal."""
    bare = Report("exercises", "cpu", 0, ())
    refused = replace(bare, refused="the archive is damaged", hashes={"submission": ""})
    for report in (bare, refused):
        validator.validate(json.loads(to_json(report)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), 2),
        (("device",), "tpu"),
        (("seed",), "7"),
        (("points",), -1),
        (("surprise",), 1),
        (("hashes", "tests"), "short"),
        (("notes",), [1]),
        (("exercises", 0, "sha256"), "ABC"),
        (("exercises", 0, "surprise"), 1),
        (("exercises", 0, "parts", 0, "state"), "fine"),
        (("exercises", 0, "parts", 0, "surprise"), 1),
        (("exercises", 0, "parts", 0, "tests", 0, "seconds"), "fast"),
        (("exercises", 0, "parts", 0, "tests", 0, "surprise"), 1),
    ],
)
def test_the_schema_refuses(
    path: tuple, value: object, validator: jsonschema.Draft202012Validator
) -> None:
    """The schema is strict at every level, so a field that it does not know is noticed."""
    data = json.loads(to_json(report_of(result())))
    *way, last = path
    spot = data
    for step in way:
        spot = spot[step]
    spot[last] = value
    assert not validator.is_valid(data)


def test_scores_are_never_read() -> None:
    """Whoever edits points in the JSON changes nothing: they are derived from the verdicts."""
    data = json.loads(to_json(report_of(result(state=State.WRONG))))
    data["earned"] = data["exercises"][0]["earned"] = 10
    data["exercises"][0]["parts"][0] |= {"earned": 4, "state": "done"}
    assert from_json(json.dumps(data)).earned == 6


def test_another_version_is_refused() -> None:
    """A report of another schema version is refused by name instead of misread."""
    data = json.loads(to_json(report_of(result()))) | {"schema_version": 2}
    with pytest.raises(ValueError, match="schema_version is 2; this grader reads 1"):
        from_json(json.dumps(data))


def test_a_part_without_a_verdict_earns_nothing() -> None:
    """No test, no points: the part counts as the grader's own failure."""
    assert PartResult(1, "Doubling", 4, ()).earned == 0
    assert report_of().unjudged == 1


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((State.DONE, State.DONE), State.DONE),
        ((State.DONE, State.NOT_STARTED), State.NOT_STARTED),
        ((State.NOT_STARTED, State.WRONG), State.WRONG),
        ((State.WRONG, State.TIMED_OUT), State.TIMED_OUT),
        ((State.TIMED_OUT, State.CRASHED), State.CRASHED),
        ((State.CRASHED, State.ERROR), State.ERROR),
    ],
)
def test_the_gravest_state_counts(states: tuple[State, State], expected: State) -> None:
    """A part is done only if every test passed; otherwise the gravest state is its state."""
    for pair in (states, states[::-1]):
        tests = tuple(TestResult(f"A::{i}", state) for i, state in enumerate(pair))
        part = PartResult(1, "Doubling", 4, tests)
        assert part.state is expected
        assert part.earned == (4 if expected is State.DONE else 0)


def test_a_report_is_unchanged_by_being_copied() -> None:
    """Text made well-formed once stays as it is."""
    report = hostile(HOSTILE["surrogate"])
    assert replace(report) == report
    assert report.submission == "a\\ud800b\\udfffc\\udcffd"
