"""Many submissions: each report is written as soon as it is there, and written once.

A batch is a folder of reports. Whatever ends it, the same command goes on where it
stopped: what was judged under the same conditions is not judged again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from grader.catalog import choose
from grader.grading import Job, Settings, close_sessions, grade, grader_hashes, job_from
from grader.render.csv import gradebook
from grader.report import Report, from_json, to_json, write_atomically

CONDITIONS = "batch.json"
GRADEBOOK = "gradebook.csv"


class OtherBatch(ValueError):
    """The folder holds reports that were made under other conditions."""


@dataclass(frozen=True)
class Progress:
    """How far a batch is; `remaining` in seconds, None before it can be known."""

    done: int
    total: int
    remaining: float | None


def run_batch(
    paths: Sequence[Path],
    settings: Settings,
    folder: Path,
    *,
    executor: Executor,
    width: int = 1,
    on_report: Callable[[Report, Progress], None] = lambda report, progress: None,
) -> list[Report]:
    """Grade every submission that `folder` holds no report of, and write a gradebook.

    Parameters
    ----------
    paths : sequence of Path
        Submissions; each is known by its file name.
    folder : Path
        Where reports go: `<submission>.json`, and a gradebook at the end.
    executor : concurrent.futures.Executor
        Runs the jobs.
    width : int
        How many exercises of a submission to judge at once.
    on_report : callable
        Told of every report, those that were there before included.

    Returns
    -------
    list of Report
        In the order of `paths`.
    """
    names = submission_names(paths)
    reports: dict[str, Report] = {}
    jobs: list[Job] = []
    for job in _taken_in(paths, names, settings):
        name = job.submission
        if done := _finished(folder / f"{name}.json", job):
            reports[name] = done
            on_report(done, Progress(len(reports), len(paths), None))
        else:
            jobs.append(replace(job, width=width))
    began, before = time.monotonic(), len(reports)
    for report in _graded(jobs, executor):
        write_atomically(folder / f"{report.submission}.json", to_json(report))
        reports[report.submission] = report
        pace = (time.monotonic() - began) / (len(reports) - before)
        remaining = pace * (len(paths) - len(reports))
        on_report(report, Progress(len(reports), len(paths), remaining))
    ordered = [reports[name] for name in names]
    write_atomically(folder / GRADEBOOK, gradebook(ordered))
    return ordered


def settle(settings: Settings, folder: Path, *, fresh: bool) -> Settings:
    """The settings under which `folder` was begun, or these if it is new.

    Parameters
    ----------
    fresh : bool
        Whether the seed of `settings` was drawn for this run: a batch that goes on
        keeps the one that it began with.

    Raises
    ------
    OtherBatch
        If the folder was begun with other settings, or with other tests.
    """
    path = folder / CONDITIONS
    if path.exists():
        begun = json.loads(path.read_text(encoding="utf-8"))
        if fresh:
            settings = replace(settings, seed=begun["settings"]["seed"])
        if begun != _conditions(settings):
            raise OtherBatch(
                f"{folder} holds reports made with other settings or other tests; "
                "name another folder with --reports, or empty this one"
            )
    write_atomically(path, json.dumps(_conditions(settings), indent=2) + "\n")
    return settings


@contextmanager
def local(jobs: int) -> Iterator[Executor]:
    """An executor on this machine, for so many jobs at once."""
    try:
        with ThreadPoolExecutor(jobs) as pool:
            yield pool
    finally:
        close_sessions()


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """An executor on a Dask cluster whose workers have this repository on their path."""
    from distributed import Client

    with Client(address) as client:
        yield client.get_executor(pure=False)


def submission_names(paths: Sequence[Path]) -> list[str]:
    """A name for every submission: its file name, made unique and fit for a file."""
    names: list[str] = []
    for path in paths:
        stem = re.sub(r"(\.tar)?\.(zip|tar|gz|tgz|xz)$", "", path.resolve().name)
        plain = re.sub(r"[^\w.@+-]", "_", stem).strip(".")[:80] or "submission"
        name, count = plain, 1
        while name.casefold() in {other.casefold() for other in (*names, "batch")}:
            count += 1
            name = f"{plain}-{count}"
        names.append(name)
    return names


def _taken_in(paths: Sequence[Path], names: Sequence[str], settings: Settings) -> Iterator[Job]:
    """A job for every submission; several are read at once, for a hostile one takes its time."""
    exercises = choose(settings.exercises)
    with ThreadPoolExecutor() as readers:
        yield from readers.map(
            lambda path, name: job_from(path, name, settings, exercises), paths, names
        )


def _graded(jobs: Sequence[Job], executor: Executor) -> Iterator[Report]:
    futures = [executor.submit(grade, job) for job in jobs]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def _finished(path: Path, job: Job) -> Report | None:
    """The report of an earlier run, if it is of the same files and holds no failure of ours."""
    try:
        report = from_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    same = report.hashes == {**grader_hashes(), "submission": job.sha256}
    return report if same and report.seed == job.settings.seed and not report.unjudged else None


def _conditions(settings: Settings) -> dict:
    facts = asdict(settings)
    facts["exercises"] = list(settings.exercises)
    return {"settings": facts, "hashes": grader_hashes()}
