"""Command line: `python -m grader check [EXERCISE ...]`, `python -m grader grade PATH ...`."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from grader import instructor
from grader.catalog import ROOT, UnknownExercise, choose
from grader.render.terminal import Style, closing, exercise_line
from grader.report import to_json, write_atomically
from grader.runner import Options, run
from grader.seed import parse_seed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code says whether all that was asked for is solved."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except (UnknownExercise, ValueError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m grader", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="judge the learner's work, or the solutions")
    check.set_defaults(command=_check)
    check.add_argument("exercises", nargs="*", metavar="EXERCISE", help="6, 06, lr_schedules ...")
    check.add_argument("--subject", default="exercises", help="exercises, solutions or a folder")
    check.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    check.add_argument("--seed", default="0", help="a whole number, or fresh")
    check.add_argument("--deadline", type=float, default=10.0, help="seconds a test may take")
    check.add_argument("--jobs", type=int, default=0, help="processes at once (default: cores)")
    check.add_argument("--json", type=Path, metavar="PATH", help="write the report here")
    check.add_argument("--pdb", action="store_true", help="debug the first failure")
    grade = commands.add_parser("grade", help="judge submissions that nobody trusts, isolated")
    grade.set_defaults(command=_grade)
    instructor.add_arguments(grade)
    return parser


def _grade(options: argparse.Namespace) -> int:
    _require_torch()
    return instructor.run(options)


def _check(options: argparse.Namespace) -> int:
    exercises = choose(options.exercises)
    if options.pdb:
        return _debug(options)
    _require_torch()
    style = _style()
    settings = Options(
        subject=options.subject,
        device=options.device,
        seed=parse_seed(options.seed),
        deadline=options.deadline,
        jobs=options.jobs,
    )
    report = run(exercises, settings, lambda r: print(exercise_line(r, style), flush=True))
    print("\n".join(closing(report, style)), flush=True)
    if options.json:
        write_atomically(options.json, to_json(report))
    return 0 if report.solved else 1


def _require_torch() -> None:
    if importlib.util.find_spec("torch") is None:
        raise ValueError(
            f"torch is not installed for {sys.executable}; `nox -s check` makes an environment "
            "that has it, and `nox --no-venv` needs a Python that has it already"
        )


def _debug(options: argparse.Namespace) -> int:
    files = [str(exercise.test_file) for exercise in choose(options.exercises)]
    chosen = ["--subject", options.subject, "--device", options.device, "--seed", options.seed]
    return subprocess.call(
        [sys.executable, "-m", "pytest", "-x", "--pdb", *chosen, *files], cwd=ROOT
    )


def _style() -> Style:
    terminal = sys.stdout.isatty()
    color = (terminal or "FORCE_COLOR" in os.environ) and "NO_COLOR" not in os.environ
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    width = shutil.get_terminal_size((100, 24)).columns
    return Style(width=width, color=color, unicode=encoding.startswith("utf"))


if __name__ == "__main__":
    sys.exit(main())
