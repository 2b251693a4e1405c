"""Submissions that try to forge, to read, to fool and to break: each gets what it earned.

Every file of `attacks/` is the work for the small exercise. The first line of its
docstring says what it tries, the last what it earns honestly. One that reaches what
it must not prints a line that begins with HARM. All are graded as one batch, so that
each has the chance to disturb the others.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from small import SOLUTION, write_repository

ATTACKS = sorted(Path(__file__).with_name("attacks").glob("*.py"))
NAMES = [path.stem for path in ATTACKS]
# Where more than one sandbox works, these go through each: one or more of every family.
TELLING = (
    "break_by_killing",
    "break_endless_loop",
    "break_fork_bomb",
    "break_limits_of_others",
    "break_out_by_loopback",
    "break_out_by_network",
    "forge_from_a_detached_child",
    "forge_startup_files",
    "honest_inside",
    "honest_numpy_scalars",
    "read_by_tracing",
    "read_leftovers",
    "read_links_of_processes",
    "read_processes",
    "read_repository",
    "read_shared_kernel_objects",
)
SECRET = "secret-of-the-grader"
MARK = "ATTACKS_BATCH"  # in the environment of every trusted process of the batch
MAX_REPORT = 200_000


@dataclass(frozen=True)
class Batch:
    """What one run of `python -m grader grade` left."""

    done: subprocess.CompletedProcess
    reports: dict[str, str]
    changed: list[str]
    left_running: list[int]

    def earned(self, name: str) -> int:
        """The points of one submission."""
        return json.loads(self.reports[name])["earned"]

    def shown(self, name: str) -> str:
        """All that is said of one submission, for a failing test."""
        report = json.loads(self.reports[name])
        tests = [test for part in report["exercises"][0]["parts"] for test in part["tests"]]
        return "\n".join(f"{t['id']}: {t['state']} {t['message'][:300]}" for t in tests)


def declared(path: Path) -> int:
    """The score that the last line of an attack's docstring gives."""
    last = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").splitlines()[-1]
    match = re.fullmatch(r"Score: (0|4|6|10)", last)
    assert match, f"{path.name}: the last line of the docstring is {last!r}"
    return int(match[1])


def run_batch(folder: Path, attacks: Sequence[Path], sandbox: str) -> Batch:
    """Grade `attacks`, and a right answer behind them all, in a small repository."""
    repository = write_repository(folder / "repository")
    (folder / "secret").write_text(SECRET, encoding="utf-8")
    for attack in attacks:
        text = attack.read_text(encoding="utf-8").replace("@REPOSITORY@", str(repository))
        _submit(folder, attack.stem, text)
    _submit(folder, "zz_honest", SOLUTION)
    submissions = sorted((folder / "all").iterdir())
    before = _hashes(folder)
    options = ["--seed", "7", "--deadline", "2", "--jobs", "2", "--sandbox", sandbox]
    command = [sys.executable, "-m", "grader", "grade", *submissions, *options]
    done = subprocess.run(
        [*command, "--reports", folder / "reports"],
        cwd=repository,
        env={**os.environ, MARK: str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=900,
        check=False,
    )
    after = _hashes(folder)
    changed = sorted({name for name, _ in before.items() ^ after.items()})
    reports = {path.stem: path.read_text("utf-8") for path in (folder / "reports").glob("*.json")}
    reports.pop("batch", None)
    return Batch(done, reports, changed, _running(f"{MARK}={folder}"))


def _submit(folder: Path, name: str, text: str) -> None:
    (folder / "all" / name).mkdir(parents=True)
    (folder / "all" / name / "scaling.py").write_text(text, encoding="utf-8")


def _hashes(folder: Path) -> dict[str, str]:
    """Of every file but the reports."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] != "reports"
    }


def _running(mark: str) -> list[int]:
    """Processes whose environment holds `mark`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    """The whole corpus, graded in the sandbox that the grader picks."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the sandboxes are of Linux")
    folder = tmp_path_factory.mktemp("attacks")
    yield run_batch(folder, ATTACKS, "auto")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("path", ATTACKS, ids=NAMES)
def test_an_attack_scores_what_it_declares(batch: Batch, path: Path) -> None:
    """A submission gets the points that it earned and no others."""
    assert path.stem in batch.reports, batch.done.stderr[-2000:]
    assert batch.earned(path.stem) == declared(path), batch.shown(path.stem)


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_reaches_nothing(batch: Batch, name: str) -> None:
    """No submission reports a success, and none has the grader in error or its report bloated."""
    report = batch.reports[name]
    outputs = re.findall(r"HARM[^\\]*", report)
    assert not outputs
    assert '"state": "error"' not in report, batch.shown(name)
    assert len(report) <= MAX_REPORT


def test_the_batch_ends_well(batch: Batch) -> None:
    """The grader exits with 0 and has a line for every submission."""
    assert batch.done.returncode == 0, batch.done.stdout[-1000:] + batch.done.stderr[-2000:]
    assert f"{len(ATTACKS) + 1} graded" in batch.done.stdout


def test_an_honest_submission_after_all_attacks_is_unharmed(batch: Batch) -> None:
    """A right answer that is graded last has full points."""
    assert batch.earned("zz_honest") == 10


def test_every_submission_has_a_report(batch: Batch) -> None:
    """There are as many reports as submissions, under the same names."""
    assert sorted(batch.reports) == sorted([*NAMES, "zz_honest"])


def test_no_report_holds_the_secret(batch: Batch) -> None:
    """What lies beside the repository is in no report."""
    assert [name for name, text in batch.reports.items() if SECRET in text] == []


def test_no_file_is_changed(batch: Batch) -> None:
    """Repository, submissions and what lies beside them are as they were."""
    assert batch.changed == []


def test_no_process_is_left(batch: Batch) -> None:
    """Nothing that the batch started is still running."""
    assert batch.left_running == []


def test_nothing_is_said_as_the_platform(batch: Batch) -> None:
    """No line of the command's own output is what a submission printed."""
    said = batch.done.stdout + batch.done.stderr
    assert not re.search(r"(?m)^(::|##)|\x1b|HARM", said)


def test_the_corpus_is_large_enough() -> None:
    """There are at least 60 attacks beside the honest twins, in five families."""
    attacks = [name for name in NAMES if not name.startswith("honest_")]
    assert len(attacks) >= 60
    assert {name.partition("_")[0] for name in attacks} == {
        "break",
        "fool",
        "forge",
        "leave",
        "read",
    }


@pytest.mark.parametrize("sandbox", ["bubblewrap", "sandlock"])
def test_every_sandbox_withstands_the_telling_attacks(tmp_path: Path, sandbox: str) -> None:
    """A few attacks of each family get in each sandbox what they declare, and reach nothing."""
    chosen = [path for path in ATTACKS if path.stem in TELLING]
    assert len(chosen) == len(TELLING)
    result = run_batch(tmp_path, chosen, sandbox)
    if "no sandbox holds on this machine" in str(result.reports):
        pytest.skip(f"{sandbox} does not work on this machine")
    assert {p.stem: result.earned(p.stem) for p in chosen} == {p.stem: declared(p) for p in chosen}
    assert [name for name, text in result.reports.items() if "HARM" in text] == []
    assert result.earned("zz_honest") == 10
    assert result.changed == []
    assert result.left_running == []
