"""Which exercises, parts and points exist.

The trees are the only index: a folder `tests/NN_slug` is an exercise, and the
classes of its test file that carry `@part(title, points=...)` are its parts.
Test files are parsed, never imported, so that listing costs milliseconds.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_FOLDER = re.compile(r"(?P<number>\d\d)_(?P<slug>[a-z][a-z0-9_]*)")


class UnknownExercise(ValueError):
    """A name on the command line that no exercise answers to."""


@dataclass(frozen=True)
class Part:
    """One step of an exercise: its tests, and what they are worth."""

    number: int
    title: str
    points: int
    class_name: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f"part {self.number}, {self.title}"


@dataclass(frozen=True)
class Exercise:
    """One problem, found under the same name in `exercises/`, `solutions/` and `tests/`."""

    name: str
    root: Path = ROOT

    @property
    def number(self) -> int:
        return int(self.name[:2])

    @property
    def slug(self) -> str:
        return self.name[3:]

    @property
    def file_name(self) -> str:
        """Name of the one file that a submission consists of."""
        return f"{self.slug}.py"

    @property
    def statement(self) -> Path:
        return self.root / "exercises" / self.name / "README.md"

    @property
    def stub(self) -> Path:
        return self.root / "exercises" / self.name / self.file_name

    @property
    def solution(self) -> Path:
        return self.root / "solutions" / self.name / self.file_name

    @property
    def tests(self) -> Path:
        return self.root / "tests" / self.name

    @property
    def test_file(self) -> Path:
        return self.tests / f"test_{self.slug}.py"

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts in the order of the test file."""
        tree = ast.parse(self.test_file.read_text(encoding="utf-8"), str(self.test_file))
        found: list[Part] = []
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and (arguments := _part_arguments(node)):
                title, points = arguments
                tests = tuple(
                    item.name
                    for item in node.body
                    if isinstance(item, ast.FunctionDef) and item.name.startswith("test")
                )
                found.append(Part(len(found) + 1, title, points, node.name, tests))
        return tuple(found)

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)

    @cached_property
    def owners(self) -> dict[str, str]:
        """For every public name of the stub, the class of the part that its stub names."""
        tree = ast.parse(self.stub.read_text(encoding="utf-8"), str(self.stub))
        by_number = {part.number: part.class_name for part in self.parts}
        owners = {}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                numbers = [int(n) for n in re.findall(r"['\"]Part (\d+), ", ast.dump(node))]
                if numbers and numbers[0] in by_number:
                    owners[node.name] = by_number[numbers[0]]
        return owners


def _part_arguments(node: ast.ClassDef) -> tuple[str, int] | None:
    for decorator in node.decorator_list:
        if (
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Name)
            and decorator.func.id == "part"
        ):
            title = ast.literal_eval(decorator.args[0])
            points = next(
                ast.literal_eval(keyword.value)
                for keyword in decorator.keywords
                if keyword.arg == "points"
            )
            return title, points
    return None


def find_exercises(root: Path = ROOT) -> list[Exercise]:
    """Every exercise under `root`, in order of its number."""
    folders = sorted((root / "tests").iterdir())
    return [
        Exercise(folder.name, root)
        for folder in folders
        if _FOLDER.fullmatch(folder.name) and (folder / f"test_{folder.name[3:]}.py").is_file()
    ]


def choose(names: Sequence[str], root: Path = ROOT) -> list[Exercise]:
    """The exercises that `names` ask for, in order of their number.

    Parameters
    ----------
    names : sequence of str
        Numbers (`"6"`, `"06"`), slugs (`"lr_schedules"`), full names or paths
        (`"exercises/06_lr_schedules"`). Empty means every exercise.

    Raises
    ------
    UnknownExercise
        If a name fits no exercise; the message suggests the nearest one.
    """
    exercises = find_exercises(root)
    if not names:
        return exercises
    wanted = {_resolve(name, exercises).name for name in names}
    return [exercise for exercise in exercises if exercise.name in wanted]


def _resolve(name: str, exercises: Sequence[Exercise]) -> Exercise:
    plain = Path(name).name.removesuffix(".py").lower().replace("-", "_")
    for exercise in exercises:
        if plain in (exercise.name, exercise.slug) or (
            plain.isdigit() and int(plain) == exercise.number
        ):
            return exercise
    known = {key: e for e in exercises for key in (e.name, e.slug, f"{e.number:02d}")}
    near = difflib.get_close_matches(plain, known, n=1, cutoff=0.5)
    hint = f"did you mean {known[near[0]].name!r}?" if near else "choose from:"
    listing = "" if near else " " + ", ".join(e.name for e in exercises)
    raise UnknownExercise(f"no exercise is called {name!r}; {hint}{listing}")
