"""`python -m grader grade`: one submission, many, and what happens when it is killed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from small import SOLUTION, STUB

from grader import grading
from grader.batch import submission_names

HALF = SOLUTION.partition("\n\ndef halve")[0] + "\n\ndef halve(x):\n    return x / 3\n"
LOUD = SOLUTION.replace("    return 2 * x", "    print('noise')\n    return 2 * x")
LEAVES = SOLUTION.replace("    return x / 2", "    import os\n    os._exit(0)")
POINTS = {"honest": 10, "half": 4, "loud": 10, "leaves": 4, "stub": 0, "empty": 0}

Grade = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def grade(repository: Path) -> Grade:
    """Run `python -m grader grade` in the small repository."""

    def run(*arguments: object, check: bool = False) -> subprocess.CompletedProcess:
        return subprocess.run(
            command(*arguments), cwd=repository, capture_output=True, text=True, check=check
        )

    return run


def command(*arguments: object) -> list[str]:
    """The command line, with deadlines fit for tests."""
    return [sys.executable, "-m", "grader", "grade", "--deadline", "5", *map(str, arguments)]


def submit(folder: Path, source: str | None) -> Path:
    """A submission as a folder; None leaves it empty."""
    folder.mkdir(parents=True)
    if source is not None:
        (folder / "scaling.py").write_text(source, encoding="utf-8")
    return folder


def mixed(folder: Path) -> list[Path]:
    """Honest, half right, noisy, rude, untouched and empty submissions, and archives."""
    paths = [
        submit(folder / "honest", SOLUTION),
        submit(folder / "half", HALF),
        submit(folder / "loud", LOUD),
        submit(folder / "leaves", LEAVES),
        submit(folder / "stub", STUB),
        submit(folder / "empty", None),
    ]
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.writestr("kata-main/exercises/01_scaling/scaling.py", SOLUTION)
    (folder / "torn.zip").write_bytes((folder / "packed.zip").read_bytes()[:-30])
    return [*paths, folder / "packed.zip", folder / "torn.zip"]


def gradebook(folder: Path) -> dict[str, str]:
    """Points by submission."""
    with (folder / "gradebook.csv").open(newline="", encoding="utf-8") as stream:
        return {row["submission"]: row["earned"] for row in csv.DictReader(stream)}


def test_each_submission_gets_what_it_earned(grade: Grade, tmp_path: Path) -> None:
    """Honest work is paid, whatever it is packed in; the rest gets what its parts earned."""
    paths = mixed(tmp_path / "in")
    result = grade(*paths, "--reports", tmp_path / "out", "--seed", 5)
    expected = {**POINTS, "packed": 10, "torn": 0}
    assert gradebook(tmp_path / "out") == {name: str(p) for name, p in expected.items()}
    assert result.returncode == 1, "a refused archive is not success"
    report = json.loads((tmp_path / "out" / "torn.json").read_text())
    assert report["refused"]
    report = json.loads((tmp_path / "out" / "leaves.json").read_text())
    assert [part["state"] for part in report["exercises"][0]["parts"]] == ["done", "crashed"]
    assert report["sandbox"] in ("bubblewrap", "sandlock")
    assert report["seed"] == 5


def test_the_exit_code_follows_the_score(grade: Grade, tmp_path: Path) -> None:
    """`--min-score` decides between 0 and 1."""
    path = submit(tmp_path / "half", HALF)
    assert grade(path, "--reports", tmp_path / "a", "--min-score", 4).returncode == 0
    assert grade(path, "--reports", tmp_path / "a", "--min-score", 4.5).returncode == 1


def test_formats_are_written(grade: Grade, tmp_path: Path) -> None:
    """Every format asked for lies beside the report."""
    path = submit(tmp_path / "half", HALF)
    formats = [w for f in ("junit", "html", "markdown", "gradescope") for w in ("--format", f)]
    grade(path, "--reports", tmp_path / "out", "--gradescope", tmp_path / "r.json", *formats)
    written = {p.name for p in (tmp_path / "out").iterdir()}
    assert written >= {"half.json", "half.xml", "half.html", "half.md", "half.gradescope.json"}
    assert json.loads((tmp_path / "r.json").read_text())["score"] == 4


def test_a_batch_goes_on_where_it_stopped(repository: Path, grade: Grade, tmp_path: Path) -> None:
    """After `kill -9` the same command grades the rest, none twice, and the gradebook is whole."""
    paths = [submit(tmp_path / "in" / f"s{i:02}", (SOLUTION, HALF)[i % 2]) for i in range(12)]
    out = tmp_path / "out"
    batch = subprocess.Popen(
        command(*paths, "--reports", out), cwd=repository, stdout=subprocess.DEVNULL
    )
    wait_for(lambda: len(list(out.glob("s*.json"))) >= 3)
    os.kill(batch.pid, signal.SIGKILL)
    batch.wait()
    first = {path.name: path.stat().st_mtime_ns for path in out.glob("s*.json")}
    assert 3 <= len(first) < 12, "the batch was to be killed in the middle"
    assert grade(*paths, "--reports", out).returncode == 0
    again = {path.name: path.stat().st_mtime_ns for path in out.glob("s*.json")}
    assert len(again) == 12
    assert all(again[name] == stamp for name, stamp in first.items()), "graded twice"
    seed = json.loads((out / "s00.json").read_text())["seed"]
    grade(*paths, "--reports", tmp_path / "undisturbed", "--seed", seed)
    assert (out / "gradebook.csv").read_text() == (
        tmp_path / "undisturbed" / "gradebook.csv"
    ).read_text()


def test_changed_work_is_graded_again(grade: Grade, tmp_path: Path) -> None:
    """A submission handed in anew does not keep its old score."""
    path = submit(tmp_path / "s", HALF)
    grade(path, "--reports", tmp_path / "out")
    (path / "scaling.py").write_text(SOLUTION)
    grade(path, "--reports", tmp_path / "out")
    assert gradebook(tmp_path / "out") == {"s": "10"}


def test_another_seed_needs_another_folder(grade: Grade, tmp_path: Path) -> None:
    """Reports made under other conditions are not mixed."""
    path = submit(tmp_path / "s", STUB)
    grade(path, "--reports", tmp_path / "out", "--seed", 1)
    result = grade(path, "--reports", tmp_path / "out", "--seed", 2)
    assert result.returncode == 2
    assert "name another folder" in result.stderr


def test_a_missing_path_is_named(grade: Grade, tmp_path: Path) -> None:
    """A submission that is not there stops the batch before it starts."""
    result = grade(tmp_path / "nowhere")
    assert result.returncode == 2
    assert "no submission at" in result.stderr


@pytest.mark.parametrize("seconds", [0, -1, "nan"])
def test_a_deadline_is_above_zero(grade: Grade, tmp_path: Path, seconds: object) -> None:
    """Without a deadline one submission could hold up the batch for ever."""
    result = grade(submit(tmp_path / "one", SOLUTION), "--deadline", seconds)
    assert result.returncode == 2
    assert f"--deadline is {seconds}" in result.stderr


def test_other_tests_do_not_judge() -> None:
    """A machine whose checkout differs from that of the one that asks says so."""
    settings = grading.Settings(exercises=(), seed=0)
    job = grading.Job("one", {}, "", settings, grader={"tests": "others"})
    with pytest.raises(grading.OtherGrader, match="up to date"):
        grading.grade(job)


def test_a_cluster_grades_the_same(repository: Path, grade: Grade, tmp_path: Path) -> None:
    """A Dask scheduler with two workers on loopback gives the same gradebook."""
    pytest.importorskip("distributed", reason="the group `cluster` is not installed")
    paths = [submit(tmp_path / "in" / f"s{i}", (SOLUTION, HALF)[i % 2]) for i in range(4)]
    address = tmp_path / "scheduler.json"
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    scheduler += ["--port", "0", "--no-dashboard", "--scheduler-file", str(address)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-dashboard"]
    worker += ["--scheduler-file", str(address), "--nthreads", "1", "--host", "127.0.0.1"]
    running = [subprocess.Popen(c, cwd=repository) for c in (scheduler, worker, worker)]
    try:
        wait_for(address.exists)
        where = json.loads(address.read_text())["address"]
        result = grade(*paths, "--reports", tmp_path / "out", "--cluster", where)
        assert result.returncode == 0, result.stderr
        assert gradebook(tmp_path / "out") == {"s0": "10", "s1": "4", "s2": "10", "s3": "4"}
    finally:
        for process in running:
            process.kill()
            process.wait()


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until `condition` holds."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.05)


def test_names_are_unique_and_plain() -> None:
    """Submissions of one name, and odd names, each get a file of their own."""
    paths = [Path(p) for p in ("a/x.zip", "b/X", "c/x.tar.gz", "d/..hidden", "e/a b:c", "batch")]
    assert submission_names(paths) == ["x", "X-2", "x-3", "hidden", "a_b_c", "batch-2"]
