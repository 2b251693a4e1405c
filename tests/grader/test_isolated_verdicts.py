"""The same verdicts in a sandbox as beside the tests, and those that only a sandbox can give."""

from __future__ import annotations

import json
import subprocess
import sys
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
