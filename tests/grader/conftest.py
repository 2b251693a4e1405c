"""A small repository of one exercise, for tests that run the grader as a user would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sandboxes
from small import Judge, Judgement, write_repository

from grader.server import Server


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the grader beside one exercise, `01_scaling`, whose stub is untouched."""
    return write_repository(tmp_path / "repository")


@pytest.fixture
def judge(repository: Path) -> Judge:
    """Write `source` as the learner's work and run `python -m grader check` on it."""

    def run(source: str | None = None, *arguments: str) -> Judgement:
        if source is not None:
            work = repository / "exercises" / "01_scaling" / "scaling.py"
            work.write_text(source, encoding="utf-8")
        report = repository / "report.json"
        report.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "grader", "check", "--json", str(report), *arguments],
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )
        text = report.read_text(encoding="utf-8") if report.exists() else ""
        return Judgement(done.returncode, done.stdout, done.stderr, text)

    return run


@pytest.fixture(scope="session", params=sandboxes.EACH)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running server, in each sandbox that this machine has."""
    if reason := sandboxes.lacks(request.param):
        pytest.skip(f"no {request.param} here: {reason}")
    with sandboxes.MAKERS[request.param]() as server:
        yield server
