"""JUnit XML: a suite per exercise, a case per test, as Jenkins and GitLab read it.

What is not done is a failure, what is not started included: a reader that counts
failures must not take an empty submission for a good one. A crash, a deadline and the
grader's own failure are errors.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from grader.render.text import conditions, explained, line, plain, title, verdict
from grader.report import ExerciseResult, Report, State, TestResult

_FAILURES = (State.WRONG, State.NOT_STARTED)


def render(report: Report) -> str:
    """The report as JUnit XML."""
    root = ET.Element("testsuites", name=line(report.submission or report.subject))
    for exercise in report.exercises:
        _add_suite(root, exercise, report)
    if report.refused:
        suite = ET.SubElement(root, "testsuite", name="intake")
        _add_case(suite, "intake", "submission", error=verdict(report))
        _count(suite)
    _count(root)
    ET.indent(root)
    declaration = '<?xml version="1.0" encoding="utf-8"?>\n'
    return declaration + ET.tostring(root, encoding="unicode") + "\n"


def _add_suite(root: ET.Element, exercise: ExerciseResult, report: Report) -> None:
    suite = ET.SubElement(root, "testsuite", name=exercise.name)
    properties = ET.SubElement(suite, "properties")
    for name, value in _scores(exercise) + conditions(report):
        ET.SubElement(properties, "property", name=name, value=value)
    for part in exercise.parts:
        if not part.tests:  # else a part without a verdict would look like a passed one
            _add_case(suite, exercise.name, title(exercise, part), error="no test gave a verdict")
        for test in part.tests:
            _add_test(suite, exercise.name, test)
    _count(suite)


def _scores(exercise: ExerciseResult) -> list[tuple[str, str]]:
    return [
        (title(exercise, part), f"{part.earned} of {part.points} points") for part in exercise.parts
    ]


def _add_test(suite: ET.Element, exercise: str, test: TestResult) -> None:
    group, _, name = test.id.partition("::")
    case = _add_case(suite, f"{exercise}.{group}", name or test.id, test.seconds)
    if test.state is not State.DONE:
        tag = "failure" if test.state in _FAILURES else "error"
        summary = line(test.message or test.requirement)
        problem = ET.SubElement(case, tag, type=str(test.state), message=summary)
        problem.text = explained(test)
    if test.output:
        ET.SubElement(case, "system-out").text = plain(test.output)


def _add_case(
    suite: ET.Element, group: str, name: str, seconds: float = 0.0, error: str = ""
) -> ET.Element:
    attributes = {"classname": line(group), "name": line(name), "time": f"{seconds:.3f}"}
    case = ET.SubElement(suite, "testcase", attributes)
    if error:
        ET.SubElement(case, "error", type=str(State.ERROR), message=error)
    return case


def _count(element: ET.Element) -> None:
    cases = list(element.iter("testcase"))
    element.set("tests", str(len(cases)))
    element.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    element.set("errors", str(sum(case.find("error") is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")
