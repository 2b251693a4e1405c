"""Views of a report: right for their readers, and safe whatever a submission wrote."""

from __future__ import annotations

import base64
import csv as tables
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from samples import HOSTILE, hostile, report_of, result, wrong

from grader.render import csv, github, gradescope, html, junit, markdown
from grader.render.text import explained, line, plain
from grader.report import ExerciseResult, PartResult, Report, State, TestResult

VIEWS: dict[str, Callable[[Report], str]] = {
    "junit": junit.render,
    "gradescope": gradescope.render,
    "summary": github.summary,
    "annotations": github.annotate,
    "markdown": markdown.render,
    "html": html.render,
    "csv": lambda report: csv.gradebook([report]),
}

views = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
hostile_texts = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


# --- all views


@views
@hostile_texts
def test_nothing_unseen_gets_through(view: Callable[[Report], str], text: str) -> None:
    """No view holds control characters, terminal escapes, direction marks or half letters."""
    shown = view(hostile(text)).replace("\r\n", "\n")
    assert [c for c in shown if not c.isprintable() and c not in "\n\t"] == []
    assert shown.encode("utf-8")


@views
@pytest.mark.parametrize("name", ["long", "long lines"])
def test_a_view_stays_small(view: Callable[[Report], str], name: str) -> None:
    """A megabyte in every field makes a page of kilobytes."""
    assert len(view(hostile(HOSTILE[name]))) < 60_000


@views
def test_a_view_is_a_pure_function(view: Callable[[Report], str]) -> None:
    """The same report gives the same text."""
    assert view(wrong(got="1.0")) == view(wrong(got="1.0"))


@pytest.mark.parametrize(
    "name", ["junit", "gradescope", "summary", "annotations", "markdown", "html"]
)
def test_a_failure_is_explained(name: str) -> None:
    """Requirement, call, result and expectation of a failed test are all there."""
    shown = VIEWS[name](wrong(call="double(3)", got="5.0", expected="6.0"))
    for text in ("The result is twice the input.", "double(3)", "5.0", "6.0"):
        assert text in shown


@views
def test_a_refusal_says_why(view: Callable[[Report], str]) -> None:
    """Where nothing could be judged, the reason is shown."""
    report = report_of(exercises=(), refused="the archive is damaged")
    assert "the archive is damaged" in view(report)


@pytest.mark.parametrize("name", ["gradescope", "summary", "markdown", "html"])
def test_notes_are_shown(name: str) -> None:
    """What became of the files that were handed in is not kept from their author."""
    assert "exercises/conftest.py was left out" in VIEWS[name](wrong())


@given(st.text(st.characters(), max_size=60))
def test_plain_text_is_printable_and_reversible(text: str) -> None:
    """What cannot be seen is spelled as Python spells it, the rest stays as it was."""
    shown = plain(text)
    assert all(c.isprintable() or c in "\n\t" for c in shown)
    if "\\" not in text and "\r\n" not in text:
        spelled = re.sub(r"\\(x..|u....|U........|[rtn])", lambda m: _unspelled(m[0]), shown)
        assert spelled == text


def _unspelled(text: str) -> str:
    return text.encode("ascii").decode("unicode_escape")


def test_what_is_cut_is_counted() -> None:
    """A text that is too long says how much of it is missing."""
    assert plain("x" * 30, limit=10) == "x" * 10 + " ... (20 more characters)"
    assert line("a\n b\t" + "x" * 5, limit=4) == "a b ... (6 more characters)"


def test_an_explanation_shows_the_end_of_what_was_printed() -> None:
    """Of long output the last lines are shown: there the trouble is."""
    test = result(state=State.WRONG, output="noise\n" * 10_000 + "the last line")
    assert "the last line" in explained(test)


# --- JUnit


def junit_cases(report: Report) -> list[ET.Element]:
    return list(ET.fromstring(junit.render(report)).iter("testcase"))


@hostile_texts
def test_junit_is_one_document(text: str) -> None:
    """Text of a submission adds no element and no case to the XML."""
    cases = junit_cases(hostile(text))
    assert [case.get("name") for case in cases] == [
        *(f"test_{state.name}" for state in State if state is not State.DONE),
        "test_two",
        "submission",
    ]
    known = {"failure", "error", "system-out"}
    assert {child.tag for case in cases for child in case} <= known


@pytest.mark.parametrize(
    ("state", "tag"),
    [
        (State.DONE, None),
        (State.WRONG, "failure"),
        (State.NOT_STARTED, "failure"),
        (State.CRASHED, "error"),
        (State.TIMED_OUT, "error"),
        (State.ERROR, "error"),
    ],
)
def test_junit_counts_what_is_not_done(state: State, tag: str | None) -> None:
    """Only a passed test goes without failure or error, at every level of the counts."""
    root = ET.fromstring(junit.render(report_of(result(state=state))))
    (suite,) = root.iter("testsuite")
    first, _ = root.iter("testcase")
    assert [child.tag for child in first] == ([tag] if tag else [])
    for element in (root, suite):
        assert element.get("tests") == "2"
        assert element.get("failures") == str(int(tag == "failure"))
        assert element.get("errors") == str(int(tag == "error"))
        assert element.get("time") == "0.250"
    assert (first.get("classname"), first.get("name")) == ("01_scaling.TestDoubling", "test_one")


def test_junit_shows_a_part_without_verdict() -> None:
    """A part of which no test ran is an error: absence must not look like success."""
    assert [case.find("error") is not None for case in junit_cases(report_of())] == [True, False]


def test_junit_shows_a_refusal() -> None:
    """A refused submission is a case with an error, not an empty and so green document."""
    (case,) = junit_cases(report_of(exercises=(), refused="no archive"))
    error = case.find("error")
    assert error is not None
    assert "no archive" in error.get("message", "")


def test_junit_states_the_conditions() -> None:
    """Seed, device and sandbox are properties of each suite."""
    root = ET.fromstring(junit.render(report_of(result())))
    found = {item.get("name"): item.get("value") for item in root.iter("property")}
    assert (found["Seed"], found["Device"], found["Sandbox"]) == ("7", "cpu", "bubblewrap")
    assert found["01_scaling, part 1, Doubling"] == "4 of 4 points"


# --- Gradescope


def test_gradescope_gives_points_by_part() -> None:
    """Scores of the tests add up to the score, and each part has its maximum."""
    results = json.loads(gradescope.render(wrong(got="5.0")))
    doubling, halving = results["tests"]
    assert (doubling["score"], doubling["max_score"], doubling["status"]) == (0.0, 4.0, "failed")
    assert (halving["score"], halving["max_score"], halving["status"]) == (6.0, 6.0, "passed")
    assert results["score"] == 6.0
    assert (doubling["name"], doubling["number"]) == ("01_scaling: Doubling", "1.1")
    assert "6 of 10 points" in results["output"]
    assert results["execution_time"] == 2


@pytest.mark.parametrize("state", [state for state in State if state is not State.DONE])
def test_gradescope_passes_nothing_but_done(state: State) -> None:
    """Every other state is shown as failed, with its name."""
    results = json.loads(gradescope.render(report_of(result(state=state))))
    assert results["tests"][0]["status"] == "failed"
    assert results["tests"][0]["output"].startswith(state)


@hostile_texts
def test_gradescope_shows_plain_text(text: str) -> None:
    """Every text is declared plain, and a submission adds neither tests nor fields."""
    results = json.loads(gradescope.render(hostile(text)))
    formats = [results[f"{what}_format"] for what in ("output", "test_output", "test_name")]
    formats += [test[f"{what}_format"] for test in results["tests"] for what in ("output", "name")]
    assert set(formats) == {"text"}
    assert [test["name"] for test in results["tests"]] == [
        "01_scaling: Doubling",
        "01_scaling: Halving",
    ]
    assert results["stdout_visibility"] == "hidden"


def test_gradescope_hides_what_it_is_told_to() -> None:
    """An instructor chooses when students see the tests."""
    results = json.loads(gradescope.render(wrong(), visibility="after_published"))
    assert {test["visibility"] for test in results["tests"]} == {"after_published"}


def test_gradescope_admits_a_failure_of_the_grader() -> None:
    """Where the grader failed, the score says that it is not one to rely on."""
    results = json.loads(gradescope.render(report_of(result(state=State.ERROR))))
    assert "parts that the grader itself failed on: 1; grade again" in results["output"]


# --- GitHub


def commands(report: Report) -> list[tuple[str, dict[str, str], str]]:
    """What the runner reads: kind, properties and text of each command, undone as it does."""
    found = []
    for row in github.annotate(report).splitlines():
        kind, properties, text = re.fullmatch(r"::(\w+) (.*?)::(.*)", row).groups()
        pairs = dict(pair.split("=", 1) for pair in properties.split(","))
        restored = {name: _restored(value) for name, value in pairs.items()}
        found.append((kind, restored, _restored(text)))
    return found


def _restored(text: str) -> str:
    for code, letter in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, letter)
    return text


@hostile_texts
def test_annotations_cannot_be_forged(text: str) -> None:
    """A submission adds no command and no property, and no line reads as one."""
    shown = github.annotate(hostile(text))
    assert len(commands(hostile(text))) == 2  # the refusal, and the one open part
    for row in shown.splitlines():
        assert row.count("::") == 2
        assert "##[" not in row
    for _, properties, _ in commands(hostile(text)):
        assert set(properties) <= {"file", "line", "title"}
        assert "forged.py" not in properties.get("file", "")


def test_an_annotation_points_at_the_line() -> None:
    """An annotation names the learner's file by our own path, and the line that raised."""
    ((kind, properties, text),) = commands(
        wrong(where="/tmp/evil,file=x/scaling.py:12", message="100%, sure: a\nb")
    )
    assert kind == "error"
    assert properties == {
        "file": "exercises/01_scaling/scaling.py",
        "line": "12",
        "title": "01_scaling, part 1, Doubling: wrong",
    }
    assert "100%, sure: a\n" in text
    assert re.match(r"::error file=[^:]*::", github.annotate(wrong()))


def test_an_annotation_says_what_was_written() -> None:
    """What looks escaped already comes out as it was, instead of as a line end."""
    ((_, _, text),) = commands(wrong(got="50%0A%25, a:b"))
    assert "50%0A%25, a:b" in text


@pytest.mark.parametrize(
    "where", ["", "x.py", "x.py:", "x.py:0", "x.py:-1", "x.py:9999999", ":1e3"]
)
def test_a_line_that_is_none_is_left_out(where: str) -> None:
    """Only a plausible line number is passed on."""
    ((_, properties, _),) = commands(wrong(where=where))
    assert "line" not in properties


def test_the_graders_failure_is_a_warning() -> None:
    """What the grader failed at is no error of the code that the annotation is on."""
    ((kind, _, _),) = commands(report_of(result(state=State.ERROR)))
    assert kind == "warning"


@pytest.mark.parametrize(("parts", "shown"), [(0, 0), (1, 1), (10, 10), (11, 10), (80, 10)])
def test_annotations_stay_within_the_limit(parts: int, shown: int) -> None:
    """No more than ten are printed; the last of them then counts the rest."""
    found = commands(many_parts(parts))
    assert len(found) == shown
    if parts > shown:
        assert found[-1][2].startswith(f"{parts - 9} more parts")


def many_parts(count: int, text: str = "") -> Report:
    """A report with `count` parts gone wrong."""
    failed = TestResult("A::b", State.WRONG, "It holds.", got=text, message=text, output=text)
    parts = tuple(PartResult(i + 1, f"Part {i}", 1, (failed,)) for i in range(count))
    return report_of(exercises=(ExerciseResult("01_scaling", parts),))


def test_annotations_leave_out_what_is_not_started() -> None:
    """What nobody began needs no mark in the code."""
    assert github.annotate(report_of(result(state=State.NOT_STARTED))) == ""


def test_a_summary_stays_within_the_limit() -> None:
    """However much there is to explain, the summary fits one step, and says what it lacks."""
    shown = github.summary(many_parts(1000, "\U0001f600" * 5000))
    assert len(shown.encode("utf-8")) < 1 << 20
    assert re.search(r"\d+ more explanations did not fit here", shown)
    assert "`bubblewrap`" in shown


# --- Markdown


def gfm(text: str) -> list:
    """The text as a parser of GitHub's kind of Markdown reads it, tokens in order."""
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    blocks = reader.parse(text)
    return [token for block in blocks for token in (block, *(block.children or ()))]


@hostile_texts
@pytest.mark.parametrize("view", [markdown.render, github.summary])
def test_markdown_keeps_untrusted_text_in_code(view: Callable[[Report], str], text: str) -> None:
    """A parser finds no HTML, no link, and no heading, table or fence that is not ours."""
    report = hostile(text)
    tokens = gfm(view(report))
    kinds = [token.type for token in tokens]
    assert not {"html_block", "html_inline", "link_open", "image", "s_open"} & set(kinds)
    honest = [token.type for token in gfm(view(hostile("x")))]
    assert kinds == honest
    outside = " ".join(token.content for token in tokens if token.type == "text")
    assert not re.search("forged|alert|evil|everyone|SUM|red|href", outside)


@pytest.mark.parametrize("text", ["`", "``a``", "a`", "`a", " a ", "", "a``b`c", "\\`", "\n"])
def test_a_code_span_holds_any_text(text: str) -> None:
    """Backticks at the ends, in the middle or alone stay inside the span."""
    tokens = gfm(f"before {markdown.span(text)} after")
    inline = [token for token in tokens if token.type in ("text", "code_inline")]
    assert [token.type for token in inline] == ["text", "code_inline", "text"]
    assert inline[1].content.strip() == text.strip()


@given(st.text(st.sampled_from("`~ab \n\t>#-|"), max_size=40))
@example("```")
@example("a\n````\nb")
def test_a_fence_holds_any_text(text: str) -> None:
    """No text closes the block of code that it stands in."""
    fence, after, *_ = gfm(markdown.fenced(text) + "\n\nafter")
    assert (fence.type, fence.content) == ("fence", text + "\n")
    assert after.type == "paragraph_open"


def test_markdown_shows_the_score_by_exercise() -> None:
    """The table has a row per exercise with its points and what comes next."""
    shown = markdown.render(wrong())
    assert r"| 01\_scaling | 6 / 10 | 1 / 2 | 1, Doubling\: wrong |" in shown
    assert "6 of 10 points" in shown


# --- HTML


class Page(HTMLParser):
    """What a browser would see of a page: elements with their attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@hostile_texts
def test_html_gains_no_element(text: str) -> None:
    """A submission adds no element and no attribute to the page."""
    page, honest = Page(html.render(hostile(text))), Page(html.render(hostile("x")))
    assert page.elements == honest.elements
    assert "script" not in {tag for tag, _ in page.elements}
    assert not any(name.startswith("on") for _, given in page.elements for name in given)


def test_html_shows_text_as_text() -> None:
    """Markup in a result is shown letter by letter."""
    assert "<b>&amp;</b>" in Page(html.render(wrong(got="<b>&amp;</b>"))).text


def test_html_forbids_everything_but_its_style() -> None:
    """The page's policy allows its own style sheet by hash, and nothing else."""
    shown = html.render(wrong())
    (style,) = re.findall(r"<style>(.*?)</style>", shown, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [given["content"] for tag, given in Page(shown).elements if "http-equiv" in given]
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]
    assert not re.search(r"\b(src|href|style)=", shown)


# --- CSV


def rows(reports: list[Report]) -> list[list[str]]:
    return list(tables.reader(csv.gradebook(reports).splitlines()))


def test_the_gradebook_has_a_row_per_submission() -> None:
    """Rows are in the order of names, with a column per exercise that occurs."""
    other = report_of(exercises=(ExerciseResult("02_other", ()),), submission="aaron")
    refused = report_of(exercises=(), submission="carol", refused="the archive is damaged")
    book = rows([wrong(), other, refused])
    assert book == [
        ["submission", "earned", "points", "01_scaling", "02_other", "unjudged", "refused"],
        ["aaron", "0", "0", "", "0", "0", ""],
        ["alice", "6", "10", "6", "", "0", ""],
        ["carol", "0", "0", "", "", "0", "the archive is damaged"],
    ]


def test_the_gradebook_is_the_same_in_any_order() -> None:
    """Neither the order of grading nor the time it took shows in the gradebook."""
    first, second = wrong(), report_of(result(), submission="bob")
    later = replace(second, seconds=99.0, started="2030-01-01T00:00:00+00:00")
    assert csv.gradebook([first, second]) == csv.gradebook([later, first])


def test_the_gradebook_counts_what_was_not_judged() -> None:
    """Parts that the grader failed on are counted apart from those that earned nothing."""
    book = rows([report_of(result(state=State.ERROR))])
    assert dict(zip(*book, strict=True))["unjudged"] == "1"


@hostile_texts
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_no_cell_is_a_formula(text: str, delimiter: str) -> None:
    """No cell begins like a formula, at whatever mark a spreadsheet splits the line."""
    shown = csv.gradebook([replace(hostile(text), exercises=())])
    book = list(tables.reader(shown.splitlines(), delimiter=delimiter))
    assert len(book) == 2
    cells = [cell.lstrip() for row in book for cell in row]
    assert [cell for cell in cells if cell.startswith(tuple("=+-@＝＋－＠"))] == []


def test_an_ordinary_name_is_left_alone() -> None:
    """A name with a sign inside it stays as the platform knows it."""
    assert csv.cell("o'neil-smith+ml=1@example.org, jr.") == "o'neil-smith+ml=1@example.org, jr."
