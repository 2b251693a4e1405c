"""The exercises that the contract is held against, as parameters of a test."""

from __future__ import annotations

import pytest

from grader.catalog import Exercise, find_exercises

EXERCISES = {exercise.name: exercise for exercise in find_exercises()}


def for_exercise(exercise: Exercise, *more: object, name: str = "") -> object:
    """Parameters of one test of one exercise."""
    label = "-".join(filter(None, (exercise.name, name)))
    return pytest.param(exercise, *more, id=label)
