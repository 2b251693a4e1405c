"""What a test file imports: parts and comparators. The fixtures come from `grader.plugin`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.compare import Mismatch, assert_between, assert_close, assert_equal, assert_tensor

__all__ = [
    "Mismatch",
    "assert_between",
    "assert_close",
    "assert_equal",
    "assert_tensor",
    "part",
]


def part(title: str, *, points: int) -> Callable[[type], type]:
    """Make a test class one part of its exercise.

    Parameters
    ----------
    title : str
        As the statement's heading says it. A literal: the catalog reads it without importing.
    points : int
        Earned when all tests of the class pass. A literal as well.
    """

    def mark(cls: type) -> type:
        return pytest.mark.part(title, points=points)(cls)

    return mark
