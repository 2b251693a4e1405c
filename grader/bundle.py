"""The archive that Gradescope takes: `python -m grader.bundle autograder.zip 06`.

It holds the grader, the tests and the stubs of the exercises named, and the two
scripts that the platform runs. Solutions and banks of answers stay at home.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.catalog import ROOT, Exercise, UnknownExercise, choose

_SCRIPTS = ("setup.sh", "run_autograder")
_EXECUTABLE = 0o100755 << 16


def bundle(exercises: Sequence[Exercise], target: Path) -> None:
    """Write the autograder for `exercises` to `target`."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for script in _SCRIPTS:
            entry = zipfile.ZipInfo(script)
            entry.external_attr = _EXECUTABLE
            archive.writestr(entry, (ROOT / "grader" / "gradescope" / script).read_bytes())
        for path in _needed(exercises):
            archive.write(path, Path("katas") / path.relative_to(ROOT))
        words = " ".join(f"--exercise {exercise.name}" for exercise in exercises)
        archive.writestr("katas/exercises.txt", words + "\n")


def _needed(exercises: Sequence[Exercise]) -> Iterator[Path]:
    yield from (ROOT / "pyproject.toml", ROOT / "constraints.txt", ROOT / "tests" / "conftest.py")
    for path in sorted((ROOT / "grader").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
    for exercise in exercises:
        yield exercise.stub
        yield from sorted(path for path in exercise.tests.iterdir() if path.is_file())


def main() -> int:
    """Write the archive named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m grader.bundle", description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("exercises", nargs="*")
    options = parser.parse_args()
    try:
        exercises = choose(options.exercises)
    except UnknownExercise as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    bundle(exercises, options.target)
    print(f"{options.target}: {', '.join(exercise.name for exercise in exercises)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
