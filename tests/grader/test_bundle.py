"""The archive for Gradescope, run in a scratch layout of the platform's folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from small import SOLUTION


@pytest.fixture
def platform(repository: Path, tmp_path: Path) -> Path:
    """The folders that the platform has, the archive unpacked, an environment in place."""
    root = tmp_path / "autograder"
    command = [sys.executable, "-m", "grader.bundle", str(tmp_path / "autograder.zip"), "scaling"]
    subprocess.run(command, cwd=repository, check=True)
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        archive.extractall(root / "source")
        for entry in archive.infolist():
            (root / "source" / entry.filename).chmod(entry.external_attr >> 16 or 0o644)
    python = root / "environment" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (root / "submission").mkdir()
    return root


def run(root: Path) -> dict:
    """Run the autograder as the platform does; what it wrote."""
    environment = {**os.environ, "AUTOGRADER_ROOT": str(root)}
    script = root / "source" / "run_autograder"
    subprocess.run([str(script)], env=environment, cwd=root, check=True)
    return json.loads((root / "results" / "results.json").read_text())


def test_a_submission_is_scored(platform: Path) -> None:
    """A right file at the top of the submission gets every point, part by part."""
    (platform / "submission" / "scaling.py").write_text(SOLUTION)
    results = run(platform)
    assert results["score"] == 10
    assert [test["max_score"] for test in results["tests"]] == [4, 6]


def test_nothing_handed_in_scores_nothing(platform: Path) -> None:
    """An empty submission has a result as well."""
    assert run(platform)["score"] == 0


def test_answers_stay_at_home(platform: Path) -> None:
    """Neither solutions nor banks of answers are in the archive."""
    names = {str(path.relative_to(platform)) for path in platform.rglob("*") if path.is_file()}
    assert "source/katas/exercises/01_scaling/scaling.py" in names
    assert "source/katas/tests/01_scaling/test_scaling.py" in names
    assert not [name for name in names if "solutions" in name or "/right/" in name]
