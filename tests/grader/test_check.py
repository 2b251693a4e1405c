"""`python -m grader check`, as a learner sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from small import SOLUTION, STUB, Judge

from grader.report import from_json, to_json

HALVE = "\n\ndef halve(x):\n    return x / 2\n"


def test_a_stub_is_not_started(judge: Judge) -> None:
    """An untouched stub shows no failure: it says where to begin, and exits 1."""
    result = judge()
    assert result.code == 1
    assert "Next: 01_scaling, part 1, Doubling: not started" in result.stdout
    assert "exercises/01_scaling/README.md" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_solving_moves_on_part_by_part(judge: Judge) -> None:
    """Each solved part turns done, and the next one is named; at the end the exit code is 0."""
    first = judge(SOLUTION.partition("\n\ndef halve")[0] + STUB.partition("\n\n")[2])
    assert "4/10" in first.stdout
    assert "Next: 01_scaling, part 2, Halving: not started" in first.stdout
    second = judge(SOLUTION)
    assert "10/10" in second.stdout
    assert second.code == 0


def test_the_solutions_pass(judge: Judge) -> None:
    """`--subject solutions` judges the reference."""
    assert judge(None, "--subject", "solutions").code == 0


def test_a_missing_subject_is_explained(judge: Judge, tmp_path: Path) -> None:
    """A folder without the file is said to lack it."""
    result = judge(None, "--subject", str(tmp_path / "nowhere"))
    assert result.code == 1
    assert "does not exist" in result.stdout


@pytest.mark.parametrize(
    ("double", "message"),
    [
        ("def double(x):\n    return (2 * x", "scaling.py:2: SyntaxError: '(' was never closed"),
        ("", "scaling.py does not define `double`"),
        ("def double(x):\n    return None", "Got       None"),
        ("def double(x):\n    return {'x': object()}", "returned an object at ['x'], which is not"),
        ("def double(y):\n    return 2 * z", "raised NameError: name 'z' is not defined"),
        ("def double():\n    return 2", "scaling.py:1: `double()` cannot be called as the"),
        ("double = 7", "`double` is of type int, not a function"),
        ("import nowhere\n\ndef double(x):\n    return nowhere.f(x)", "name 'nowhere' is not"),
        ("def double(x):\n    raise SystemExit", "raised SystemExit"),
        ("def double(x):\n    return double(x)", "raised RecursionError"),
        ("def double(x):\n    import pytest\n    pytest.skip()", "raised Skipped"),
        ("def double(x):\n    return 3 * x", "Got       4.5 at index [0]"),
    ],
)
def test_a_slip_is_named_and_hides_nothing(judge: Judge, double: str, message: str) -> None:
    """A slip in one function names file, line and fix; the other part is still judged."""
    result = judge(double + HALVE)
    shown = " ".join(result.stdout.split())
    assert result.states == ["wrong", "done"]
    assert " ".join(message.split()) in shown


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("while True: pass", "timed out"),
        ("import re\n    return re.match(r'(a+)+$', 'a' * 40 + 'b')", "timed out"),
        ("import os\n    os._exit(0)", "crashed"),
        ("import ctypes\n    ctypes.string_at(0)", "crashed"),
    ],
)
def test_a_runaway_ends_and_hides_nothing(judge: Judge, body: str, state: str) -> None:
    """A loop, a hang inside a library and a crash each cost their own part only."""
    source = f"def double(x):\n    {body}{HALVE}"
    assert judge(source, "--deadline", "1").states == [state, "done"]


def test_a_swallowed_interruption_comes_again(judge: Judge) -> None:
    """A loop that catches everything is ended all the same."""
    loop = "while True:\n        try:\n            while True: pass\n        except: pass"
    source = f"def double(x):\n    {loop}{HALVE}"
    assert judge(source, "--deadline", "1").states == ["timed out", "done"]


def test_what_was_printed_is_shown(judge: Judge) -> None:
    """A learner's print appears below the failure."""
    result = judge("def double(x):\n    print('here I am')\n    return x" + HALVE)
    assert "Printed   here I am" in result.stdout


def test_an_explanation_is_short(judge: Judge) -> None:
    """A failure takes at most 15 lines, however long the error."""
    body = "raise RuntimeError('\\n'.join(['long ' * 200] * 50))"
    result = judge(f"def double(x):\n    print('a\\n' * 99)\n    {body}{HALVE}")
    _, _, explanation = result.stdout.partition("Next: ")
    assert len(explanation.strip().splitlines()) <= 16


def test_a_broken_test_is_the_graders_fault(repository: Path, judge: Judge) -> None:
    """A test file that does not load gives `error`, never a pass and never a wrong answer."""
    tests = repository / "tests" / "01_scaling" / "test_scaling.py"
    tests.write_text(tests.read_text().replace("import torch\n", "import nowhere\n"))
    assert judge(SOLUTION).states == ["error", "error"]


def test_a_skipped_test_is_no_pass(repository: Path, judge: Judge) -> None:
    """A test without a verdict earns nothing."""
    tests = repository / "tests" / "01_scaling" / "test_scaling.py"
    sentence = '"""The result is half the input."""'
    tests.write_text(tests.read_text().replace(sentence, f"{sentence}\n        pytest.skip('no')"))
    assert judge(SOLUTION).states == ["done", "error"]


def test_an_unknown_exercise_gets_a_suggestion(judge: Judge) -> None:
    """A misspelt name is met with the nearest one, and exit code 2."""
    result = judge(None, "scalling")
    assert result.code == 2
    assert "did you mean '01_scaling'?" in result.stderr


def test_a_bad_seed_is_refused(judge: Judge) -> None:
    """A seed that is no number names the option and the value."""
    result = judge(None, "--seed", "x1")
    assert result.code == 2
    assert "--seed is 'x1'" in result.stderr


def test_the_seed_decides_the_inputs(judge: Judge) -> None:
    """The same seed gives the same inputs, another seed others."""
    shown = [
        judge(SOLUTION.replace("x / 2", "x"), "--seed", seed).stdout for seed in ("3", "3", "4")
    ]
    assert shown[0] == shown[1] != shown[2]


def test_piped_output_is_plain(judge: Judge) -> None:
    """Without a terminal there are no escape sequences."""
    assert "\x1b" not in judge().stdout


def test_json_round_trip(judge: Judge) -> None:
    """The report reads back as it was written, and names seed, device and versions."""
    text = judge(SOLUTION, "--seed", "7").report
    report = from_json(text)
    assert to_json(report) == text
    assert (report.seed, report.device, report.earned, report.points) == (7, "cpu", 10, 10)
    assert {"python", "torch", "numpy"} <= set(report.versions)


def test_plain_pytest_works(repository: Path, judge: Judge) -> None:
    """`pytest tests/01_scaling` alone finds the tests and explains a failure in the same words."""
    judge(SOLUTION.replace("2 * x", "3 * x"))
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/01_scaling"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "3 passed" in result.stdout
    assert "Required  The result is twice the input." in result.stdout
