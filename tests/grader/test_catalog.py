"""Which exercises, parts and points exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.catalog import UnknownExercise, choose, find_exercises


@pytest.mark.parametrize(
    "name", ["1", "01", "scaling", "01_scaling", "exercises/01_scaling", "scaling.py", "Scaling"]
)
def test_an_exercise_answers_to_many_names(repository: Path, name: str) -> None:
    """Number, slug, full name and path all mean the same exercise."""
    assert [e.name for e in choose([name], repository)] == ["01_scaling"]


def test_no_name_means_all(repository: Path) -> None:
    """Without names every exercise is chosen."""
    assert choose([], repository) == find_exercises(repository)


def test_a_name_twice_is_one_exercise(repository: Path) -> None:
    """An exercise named twice is judged once."""
    assert len(choose(["1", "scaling"], repository)) == 1


def test_an_unlike_name_lists_what_there_is(repository: Path) -> None:
    """Where no name is near, all are listed."""
    with pytest.raises(UnknownExercise, match=r"'99'.*01_scaling"):
        choose(["99"], repository)


def test_parts_are_read_without_importing(repository: Path) -> None:
    """Titles, points and tests come from the text of the test file."""
    (exercise,) = find_exercises(repository)
    first, second = exercise.parts
    assert (first.number, first.title, first.points) == (1, "Doubling", 4)
    assert second.tests == ("test_halves", "test_twice")
    assert exercise.points == 10


def test_a_stub_says_which_part_owns_a_function(repository: Path) -> None:
    """The stub's NotImplementedError names the owner of every function."""
    (exercise,) = find_exercises(repository)
    assert exercise.owners == {"double": "TestDoubling", "halve": "TestHalving"}
