"""The contract suite itself can fail: every fault planted in a sound exercise is found."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small import STUB, TESTS

from grader.catalog import ROOT

DOCUMENTED = '''\
"""Scaling."""


def double(x):
    """Double."""
    {double}


def halve(x):
    """Halve."""
    {halve}
'''
HINTS = "\n".join(f"<details><summary>Hint {i}</summary>x</details>" for i in (1, 2, 3))
MORE = "".join(
    f'''

@part("More {i}", points=1)
class TestMore{i}:
    def test_more(self, kata):
        """Half of {i} is right."""
        assert_close(kata.halve({i}.0), {i} / 2)
'''
    for i in (3, 4, 5)
)


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def sound(repository: Path) -> Path:
    """The small exercise, completed so that it keeps the whole contract."""
    shutil.copytree(ROOT / "tests" / "contract", repository / "tests" / "contract")
    name = "01_scaling"
    tests = TESTS.replace("points=6", "points=3").replace("[1.5, -2.0]", "[[1.5, -2.0]]")
    write(repository / "tests" / name / "test_scaling.py", tests + MORE)
    stubs = [line.strip() for line in STUB.splitlines() if "raise" in line]
    stub = DOCUMENTED.format(double=stubs[0], halve=stubs[1])
    write(repository / "exercises" / name / "scaling.py", stub)
    refusal = 'if isinstance(x, str):\n        raise ValueError("x")\n    return 2 * x'
    solution = DOCUMENTED.format(double=refusal, halve="return x / 2")
    write(repository / "solutions" / name / "scaling.py", solution)
    titles = [("Doubling", 4), ("Halving", 3), *((f"More {i}", 1) for i in (3, 4, 5))]
    parts = [
        f"## Part {i}: {t} ({p} point{'s' * (p > 1)})\n{HINTS}\n"
        for i, (t, p) in enumerate(titles, 1)
    ]
    sections = [
        f"## {title}\n" for title in ("Why it matters", "Worked example", "Further reading")
    ]
    write(repository / "exercises" / name / "README.md", "\n".join(["# 01", *sections, *parts]))
    link = f"{name}/README.md#part-1-doubling-4-points"
    write(repository / "exercises" / "README.md", f"[01.1 Doubling]({link})\n")
    for other in ("solutions/01_scaling/README.md", "tests/01_scaling/survivors.md"):
        write(repository / other, "x\n")
    write(repository / "solutions" / name / "bench.py", "")
    for i in range(8):
        function, title = ("double", "Doubling") if i == 0 else ("halve", titles[1 + i % 4][0])
        says = f'"""Wrong.\n\nRejected by: {title}\n"""'
        does = f"def {function}(x):\n    return x * {i + 3}\n"
        write(repository / "tests" / name / "wrong" / f"w{i}.py", f"{says}\n\n{does}")
    for i in range(2):
        text = '"""Right."""\n\ndef halve(x):\n    return 0.5 * x\n'
        write(repository / "tests" / name / "right" / f"r{i}.py", text)
    return repository


def failing(repository: Path) -> set[str]:
    """Names of the contract tests that fail."""
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/contract", "-q", "-rfE", "-p", "no:cacheprovider"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert " passed" in result.stdout, result.stdout + result.stderr
    return set(re.findall(r"^(?:FAILED|ERROR) \S+::(test_\w+)", result.stdout, re.MULTILINE))


def test_a_sound_exercise_keeps_the_contract(sound: Path) -> None:
    """Nothing fails where nothing is wrong."""
    assert failing(sound) == set()


def test_faults_of_the_files_are_found(sound: Path) -> None:
    """Each planted fault of a file makes the test fail that stands for it."""
    folder = sound / "tests" / "01_scaling"
    statement = sound / "exercises" / "01_scaling" / "README.md"
    statement.write_text(statement.read_text().replace("Hint 2", "Hit 2", 1))
    stub = sound / "exercises" / "01_scaling" / "scaling.py"
    stub.write_text(
        stub.read_text().replace("double(x)", "double(y)").replace("Part 2, H", "Part 2, X")
    )
    topics = sound / "exercises" / "README.md"
    topics.write_text(topics.read_text().replace("#part-1-", "#part-2-"))
    write(sound / "solutions" / "02_stray" / "stray.py", "")
    write(folder / "notes.txt", "")
    (folder / "wrong" / "w7.py").unlink()
    (folder / "wrong" / "w0.py").write_text('"""Wrong."""\n')
    tests = folder / "test_scaling.py"
    text = tests.read_text().replace("points=4", "points=5")
    tests.write_text(text.replace('"""Halving twice is a quarter."""', '"""Halving twice"""'))
    expected = {
        "test_the_trees_hold_the_same_exercises",
        "test_the_map_of_topics_leads_to_parts",
        "test_points_add_up",
        "test_every_test_belongs_to_a_part_and_says_what_it_requires",
        "test_the_statement_names_every_part",
        "test_stub_and_solution_have_the_same_face",
        "test_every_stub_only_raises_and_names_its_part",
        "test_the_banks_are_full",
        "test_every_part_has_a_wrong_answer",
        "test_no_strays",
    }
    assert expected <= failing(sound)


def test_faults_of_the_tests_are_found(sound: Path) -> None:
    """Tests that accept what they must not, or reject what they must accept, are found."""
    folder = sound / "tests" / "01_scaling"
    tests = folder / "test_scaling.py"
    text = tests.read_text().replace("assert_close(kata.double(x), 2 * x)", "kata.double(x)")
    text = text.replace('kata.double("two")', 'raise ValueError("x")')
    text = text.replace("assert_close(kata.halve(value), value / 2)", "assert value < 0.5")
    tests.write_text(text)
    write(folder / "right" / "r1.py", '"""Right."""\n\ndef halve(x):\n    return x / 3\n')
    stub = sound / "exercises" / "01_scaling" / "scaling.py"
    stub.write_text(
        stub.read_text().replace('raise NotImplementedError("Part 1', 'return print("Part 1')
    )
    assert failing(sound) >= {
        "test_nothing_passes_on_the_stub",
        "test_a_wrong_answer_is_rejected",
        "test_a_right_answer_is_accepted",
        "test_degenerate_answers_are_rejected",
    }


def test_a_faulty_solution_is_found(sound: Path) -> None:
    """A reference that fails its own tests is found, with and without `solutions/`."""
    solution = sound / "solutions" / "01_scaling" / "scaling.py"
    solution.write_text(solution.read_text().replace("x / 2", "x / 3"))
    assert failing(sound) >= {
        "test_the_solution_passes",
        "test_the_solution_scores_the_same_isolated",
        "test_the_suite_needs_no_solutions",
    }
