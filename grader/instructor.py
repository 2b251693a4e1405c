"""The command `grade`: one submission or hundreds, isolated, with reports for every platform."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path

from grader.batch import Progress, cluster, local, run_batch, settle
from grader.catalog import choose
from grader.cores import cores
from grader.grading import DEADLINES, Settings
from grader.render import github, gradescope, html, junit, markdown
from grader.report import Report, write_atomically
from grader.seed import parse_seed

# What can be written beside every `<submission>.json`: ending, and how.
FORMATS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "gradescope": ("gradescope.json", gradescope.render),
    "html": ("html", html.render),
    "junit": ("xml", junit.render),
    "markdown": ("md", markdown.render),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="folder, zip or tar")
    parser.add_argument("--exercise", action="append", default=[], help="default: all; repeat")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where they go")
    parser.add_argument("--format", action="append", default=[], choices=[*FORMATS, "github"])
    parser.add_argument("--gradescope", type=Path, metavar="PATH", help="write results.json here")
    parser.add_argument("--min-score", type=float, default=0.0, help="points below which to fail")
    parser.add_argument("--seed", default="fresh", help="a whole number, or fresh (default)")
    parser.add_argument(
        "--sandbox", default="auto", choices=("auto", "bubblewrap", "sandlock", "none")
    )
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument(
        "--deadline",
        type=float,
        default=10.0,
        help=f"seconds that a test may take; an exercise {DEADLINES} times as long",
    )
    parser.add_argument("--jobs", type=int, default=0, help="submissions at once (default: cores)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="run on this Dask scheduler instead")


def run(options: argparse.Namespace) -> int:
    """Grade what was asked for.

    Returns
    -------
    int
        0; 1 when a submission has less than `--min-score` points or was refused; 3 when the
        grader failed at one: run the same command again.
    """
    _require_sense(options)
    exercises = tuple(exercise.name for exercise in choose(options.exercise))
    asked = Settings(
        exercises=exercises,
        seed=parse_seed(options.seed),
        sandbox=options.sandbox,
        device=options.device,
        deadline=options.deadline,
    )
    settings = settle(asked, options.reports, fresh=options.seed == "fresh")
    with _executor(options) as executor:
        reports = run_batch(
            options.paths,
            settings,
            options.reports,
            executor=executor,
            width=_width(options),
            on_report=_say,
        )
    _write(reports, options)
    print(_closing(reports, options.reports))
    if any(report.unjudged for report in reports):
        return 3
    weak = (report.refused or report.earned < options.min_score for report in reports)
    return 1 if any(weak) else 0


def _require_sense(options: argparse.Namespace) -> None:
    missing = [str(path) for path in options.paths if not os.path.lexists(path)]
    if missing:
        raise ValueError(f"no submission at {', '.join(missing)}")
    if not options.deadline > 0:
        raise ValueError(
            f"--deadline is {options.deadline:g}; expected seconds above 0: a submission may hang"
        )
    if options.gradescope and len(options.paths) != 1:
        raise ValueError(f"--gradescope takes one submission, not {len(options.paths)}")


def _executor(options: argparse.Namespace) -> AbstractContextManager[Executor]:
    if options.cluster:
        return cluster(options.cluster)
    return local(min(options.jobs or cores(), len(options.paths)))


def _width(options: argparse.Namespace) -> int:
    """Few submissions leave cores idle: then exercises of one are judged at once."""
    if options.cluster or options.jobs:
        return 1
    return max(1, cores() // len(options.paths))


def _say(report: Report, progress: Progress) -> None:
    score = report.refused or f"{report.earned}/{report.points}"
    unjudged = f", {report.unjudged} parts without a verdict" if report.unjudged else ""
    left = f", {_duration(progress.remaining)} left" if progress.remaining else ""
    place = f"[{progress.done}/{progress.total}{left}]"
    print(f"{place:<24} {report.submission}: {score}{unjudged}", flush=True)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _write(reports: Sequence[Report], options: argparse.Namespace) -> None:
    for report in reports:
        for name in options.format:
            if name in FORMATS:
                ending, render = FORMATS[name]
                write_atomically(options.reports / f"{report.submission}.{ending}", render(report))
        if "github" in options.format:
            _tell_github(report)
    if options.gradescope:
        write_atomically(options.gradescope, gradescope.render(reports[0]))


def _tell_github(report: Report) -> None:
    """Annotations into the log; the summary to where GitHub Actions says."""
    print(github.annotate(report))
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(github.summary(report))


def _closing(reports: Sequence[Report], folder: Path) -> str:
    sandboxes = sorted({report.sandbox for report in reports if report.sandbox})
    seeds = sorted({report.seed for report in reports})
    graded = f"{len(reports)} graded" if len(reports) != 1 else "1 graded"
    return (
        f"{graded} in {', '.join(sandboxes) or 'no sandbox, for none had work'}, seed {seeds[0]}; "
        f"reports and gradebook in {folder}{os.sep}"
    )
