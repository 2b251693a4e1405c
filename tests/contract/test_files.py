"""Every exercise has its files, and they agree with one another."""

from __future__ import annotations

import ast
import re

import pytest
from banks import bank, methods, public_names

from grader.catalog import ROOT, Exercise, find_exercises

HINTS = 3
POINTS = 10
FEWEST_WRONG, FEWEST_RIGHT = 8, 2


def test_the_trees_hold_the_same_exercises() -> None:
    """A folder in `exercises/`, `solutions/` or `tests/` exists in all three."""
    known = {exercise.name for exercise in find_exercises()}
    for tree in ("exercises", "solutions", "tests"):
        found = {path.name for path in (ROOT / tree).iterdir() if re.match(r"\d", path.name)}
        assert found == known, f"{tree}/ holds {sorted(found ^ known)} that other trees do not"


def test_the_map_of_topics_leads_to_parts() -> None:
    """`exercises/README.md` names parts as they are, and practises every exercise."""
    text = (ROOT / "exercises" / "README.md").read_text(encoding="utf-8")
    exercises = {f"{exercise.number:02d}": exercise for exercise in find_exercises()}
    for number, part, title, link in re.findall(r"\[(\d\d)\.(\d) (.+?)\]\((.+?)\)", text):
        exercise = exercises[number]
        found = exercise.parts[int(part) - 1]
        unit = "point" if found.points == 1 else "points"
        heading = f"part {part}: {found.title} ({found.points} {unit})".lower()
        anchor = re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")
        assert title == found.title, f"{number}.{part} is called {found.title!r}, not {title!r}"
        assert link == f"{exercise.name}/README.md#{anchor}", f"{link} leads nowhere"
    missing = [name for name in exercises if f"[{name}" not in text]
    assert not missing, f"no topic is practised in {missing}"


def test_points_add_up(exercise: Exercise) -> None:
    """An exercise has five to eight parts, worth 10 points in all."""
    assert exercise.points == POINTS, f"the parts add up to {exercise.points} points"
    assert 5 <= len(exercise.parts) <= 8, f"there are {len(exercise.parts)} parts"
    titles = [part.title for part in exercise.parts]
    assert len(set(titles)) == len(titles), f"two parts share a title: {titles}"


def test_every_test_belongs_to_a_part_and_says_what_it_requires(exercise: Exercise) -> None:
    """A test file holds parts only, and every test in it has a sentence for its docstring."""
    tree = ast.parse(exercise.test_file.read_text(encoding="utf-8"))
    parts = {part.class_name for part in exercise.parts}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            assert node.name in parts, f"{node.name} lacks @part(title, points=...)"
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            sentence = ast.get_docstring(node)
            assert sentence, f"{node.name} lacks a docstring: write its requirement"
            assert sentence.endswith("."), f"the docstring of {node.name} is not a sentence"
    loose = [n.name for n in tree.body if isinstance(n, ast.FunctionDef) and n.name[:4] == "test"]
    assert not loose, f"{loose} belong to no part: move them into a class with @part"


def test_the_statement_names_every_part(exercise: Exercise) -> None:
    """The statement has a section for every part, with its points and three folded hints."""
    text = exercise.statement.read_text(encoding="utf-8")
    for heading in ("Why it matters", "Worked example", "Further reading"):
        assert f"\n## {heading}\n" in text, f"the statement lacks the section {heading!r}"
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    for part in exercise.parts:
        unit = "point" if part.points == 1 else "points"
        heading = f"Part {part.number}: {part.title} ({part.points} {unit})"
        found = [section for section in sections if section.startswith(heading + "\n")]
        assert len(found) == 1, f"the statement needs one section '## {heading}'"
        hints = re.findall(r"<details><summary>Hint \d</summary>", found[0])
        assert len(hints) == HINTS, f"{heading!r} has {len(hints)} hints, needs {HINTS}"


def test_stub_and_solution_have_the_same_face(exercise: Exercise) -> None:
    """The stub has the solution's public names, signatures and docstrings."""
    stub, solution = public_names(exercise.stub), public_names(exercise.solution)
    assert list(stub) == list(solution), f"public names differ: {set(stub) ^ set(solution)}"
    for name, node in stub.items():
        other = solution[name]
        assert ast.get_docstring(node), f"{name} lacks a docstring"
        assert ast.get_docstring(node) == ast.get_docstring(other), f"docstrings of {name} differ"
        mine, theirs = methods(node), methods(other)
        assert [m.name for m in mine] == [m.name for m in theirs], f"methods of {name} differ"
        for a, b in zip(mine, theirs, strict=True):
            assert ast.unparse(a.args) == ast.unparse(b.args), f"signatures of {name} differ"
            assert ast.dump(a.returns or ast.Pass()) == ast.dump(b.returns or ast.Pass()), (
                f"{name} is annotated to return different types"
            )


def test_every_stub_only_raises_and_names_its_part(exercise: Exercise) -> None:
    """A stub's body is `raise NotImplementedError("Part N, Title")` and nothing else."""
    titles = {f"Part {part.number}, {part.title}" for part in exercise.parts}
    for name, node in public_names(exercise.stub).items():
        for function in methods(node):
            *rest, last = function.body
            assert all(isinstance(getattr(s, "value", None), ast.Constant) for s in rest), (
                f"the stub of {name} does more than raise"
            )
            said = re.fullmatch(r"raise NotImplementedError\(['\"](.*)['\"]\)", ast.unparse(last))
            assert said, f"the stub of {name} does not end in raise NotImplementedError(...)"
            assert said[1] in titles, f"the stub of {name} names {said[1]!r}, which is no part"


@pytest.mark.parametrize(("kind", "fewest"), [("wrong", FEWEST_WRONG), ("right", FEWEST_RIGHT)])
def test_the_banks_are_full(exercise: Exercise, kind: str, fewest: int) -> None:
    """There are at least 8 wrong and 2 right answers; each says its mistake, or its idea."""
    answers = bank(exercise, kind)
    titles = {part.title for part in exercise.parts}
    assert len(answers) >= fewest, f"{kind}/ holds {len(answers)} answers, needs {fewest}"
    for answer in answers:
        assert answer.docstring, f"{answer.path.name} lacks a docstring"
        if kind == "wrong":
            assert answer.rejected_by in titles, (
                f"{answer.path.name} must end its docstring in 'Rejected by: <part title>'"
            )


def test_every_part_has_a_wrong_answer(exercise: Exercise) -> None:
    """Each part rejects at least one known wrong answer."""
    named = {answer.rejected_by for answer in bank(exercise, "wrong")}
    idle = [part.title for part in exercise.parts if part.title not in named]
    assert not idle, f"no wrong answer is rejected by {idle}"


def test_no_strays(exercise: Exercise) -> None:
    """The folders of an exercise hold what they should and nothing else."""
    slug = exercise.slug
    expected = {
        "exercises": {"README.md", f"{slug}.py"},
        "solutions": {"README.md", "bench.py", f"{slug}.py"},
        "tests": {f"test_{slug}.py", "wrong", "right", "survivors.md"},
    }
    for tree, names in expected.items():
        folder = ROOT / tree / exercise.name
        found = {p.name for p in folder.iterdir() if p.name != "__pycache__"}
        strays = {name for name in found - names if not name.startswith(("data", "demo"))}
        assert not strays, f"{tree}/{exercise.name} holds {sorted(strays)}: remove or move them"
        assert names <= found, f"{tree}/{exercise.name} lacks {sorted(names - found)}"
