"""The same verdicts in a sandbox as beside the tests, and those that only a sandbox can give."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sandboxes
from small import SOLUTION, STUB

ALIKE = {
    "solution": SOLUTION,
    "stub": STUB,
    "wrong value": SOLUTION.replace("2 * x", "3 * x"),
    "wrong text": SOLUTION.replace("x is {x!r}", "no"),
    "wrong shape": SOLUTION.replace("2 * x", "(2 * x)[None]"),
    "no error": SOLUTION.replace("raise ValueError", "return (lambda text: text)"),
    "another error": SOLUTION.replace("x / 2", "{}['absent']"),
    "own error": "class Odd(Exception): pass\n" + SOLUTION.replace("x / 2", "Odd.throw(x)"),
    "raised": SOLUTION.replace("return x / 2", "raise Exception('so so')"),
    "assertion": SOLUTION.replace("return x / 2", "assert x is None, 'why'"),
    "leaving": SOLUTION.replace("return x / 2", "raise SystemExit(3)"),
    "syntax": SOLUTION.replace("def halve(x):", "def halve(x:"),
    "missing": SOLUTION.replace("def halve(x):", "def half(x):"),
    "signature": SOLUTION.replace("def halve(x):", "def halve(x, y):"),
    "not data": SOLUTION.replace("x / 2", "lambda: x"),
    "broken import": "import nothing_of_that_name\n" + SOLUTION,
    "printing": SOLUTION.replace("return x / 2", "print('hello'); return x"),
}
APART = {
    "hanging": SOLUTION.replace("return x / 2", "while True: pass"),
    "leaving at once": SOLUTION.replace("return x / 2", "import os; os._exit(0)"),
    "crashing": SOLUTION.replace("return x / 2", "import ctypes; ctypes.string_at(1)"),
    "forging": SOLUTION.replace("return x / 2", "import os; os.write(3, b'x' * 100)"),
}
PROGRAM = """
import json, sys
from grader.catalog import choose
from grader.trials import Server, Trial

def judge(subjects, *options):
    with Server(*choose(["01"]), options=options) as server:
        outcomes = {s: server.run(Trial(subject=s, deadline=2.0)) for s in subjects}
    return {s: [o.sandbox, [vars(t) for t in o.tests]] for s, o in outcomes.items()}

alike, apart, kind = json.loads(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
isolated = judge(alike + apart, "--isolate", "--sandbox", kind)
print(json.dumps([judge(alike), isolated]))
"""


@pytest.fixture
def judgements(repository: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Per submission a sandbox and the verdicts: beside the tests, and isolated."""
    folders = {}
    for name, source in (ALIKE | APART).items():
        folder = repository.parent / name.replace(" ", "_") / "01_scaling"
        folder.mkdir(parents=True)
        (folder / "scaling.py").write_text(source, encoding="utf-8")
        folders[name] = str(folder.parent)
    alike, apart = ([folders[name] for name in names] for names in (ALIKE, APART))
    kind = "none" if all(map(sandboxes.lacks, sandboxes.MAKERS)) else "auto"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(alike), json.dumps(apart), kind],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    beside, isolated = json.loads(done.stdout)
    names = {folder: name for name, folder in folders.items()}
    return (
        {names[folder]: judgement for folder, judgement in beside.items()},
        {names[folder]: judgement for folder, judgement in isolated.items()},
    )


def test_verdicts(judgements: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """A sandbox changes no verdict, names itself, and tells crashes and hangs apart."""
    beside, isolated = judgements
    for name, (sandbox, tests) in beside.items():
        assert sandbox == ""
        assert _told(isolated[name][1]) == _told(tests), name
    assert {sandbox for sandbox, _ in isolated.values()} <= {"bubblewrap", "sandlock", "none"}
    states = {name: [test["state"] for test in isolated[name][1]] for name in APART}
    assert states == {
        "hanging": ["done", "done", "timed out", "timed out"],
        "leaving at once": ["done", "done", "crashed", "crashed"],
        "crashing": ["done", "done", "crashed", "crashed"],
        "forging": ["done", "done", "crashed", "crashed"],
    }


def _told(tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All that a verdict says, but for how long it took."""
    return [{key: test[key] for key in test if key != "seconds"} for test in tests]


PARTS = '''
"""Two parts; the last test of the first does without the submission."""

from grader.testing import assert_equal, part


@part("First", points=4)
class TestFirst:
    def test_one(self, kata):
        """The first test of a process."""
        assert_equal(kata.halve(1.0), 1)

    def test_two(self, kata):
        """The second test of the same process."""
        assert_equal(kata.halve(1.0), 2)

    def test_three(self, rng):
        """No submission is needed."""
        assert_equal(rng.integers(1), rng.integers(1))


@part("Second", points=6)
class TestSecond:
    def test_four(self, kata):
        """The first test of another process."""
        assert_equal(kata.halve(1.0), 1)
'''
COUNTING = """
import torch
torch.count = getattr(torch, "count", 0) + 1

def double(x): return x
def halve(x): return torch.count
"""
SLOW = "import time\ntime.sleep(0.4)\n" + SOLUTION
RUN = """
import json, sys
from grader.catalog import choose
from grader.trials import Server, Trial

with Server(*choose(["01"]), options=["--isolate"]) as server:
    outcome = server.run(Trial(subject=sys.argv[1], limit=float(sys.argv[2])))
print(json.dumps([[t.state, t.message] for t in outcome.tests]))
"""


@pytest.fixture
def verdicts(repository: Path) -> Callable[..., list[list[str]]]:
    """States and messages of an isolated submission's tests."""
    if all(map(sandboxes.lacks, sandboxes.MAKERS)):
        pytest.skip("no sandbox here")

    def judge(source: str, limit: float = 60.0) -> list[list[str]]:
        work = repository / "exercises" / "01_scaling" / "scaling.py"
        work.write_text(source, encoding="utf-8")
        command = [sys.executable, "-c", RUN, "exercises", str(limit)]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return judge


def test_a_process_serves_one_part(
    verdicts: Callable[..., list[list[str]]], repository: Path
) -> None:
    """Tests of a part share a process; another part has another, whatever came between."""
    (repository / "tests" / "01_scaling" / "test_scaling.py").write_text(PARTS, encoding="utf-8")
    assert [state for state, _ in verdicts(COUNTING)] == ["done"] * 4


def test_time_is_limited_for_all_tests_together(verdicts: Callable[..., list[list[str]]]) -> None:
    """Tests that no time is left for are the submission's own fault, and those before count."""
    first, *_, last = verdicts(SLOW, limit=1.0)
    assert first[0] == "done"
    assert last[0] == "timed out"
    assert "not run" in last[1]
