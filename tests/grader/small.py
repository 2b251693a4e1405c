"""The files of a small exercise, for tests that run the grader as a user would."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.catalog import ROOT

TESTS = '''\
"""A small exercise."""

import pytest
import torch
from grader.testing import assert_close, part


@part("Doubling", points=4)
class TestDoubling:
    def test_doubles(self, kata, device):
        """The result is twice the input."""
        x = torch.tensor([1.5, -2.0], device=device)
        assert_close(kata.double(x), 2 * x)

    def test_refuses_text(self, kata):
        """Text is refused with a ValueError that names `x`."""
        with pytest.raises(ValueError, match="x"):
            kata.double("two")


@part("Halving", points=6)
class TestHalving:
    def test_halves(self, kata, rng):
        """The result is half the input."""
        value = float(rng.normal())
        assert_close(kata.halve(value), value / 2)

    def test_twice(self, kata):
        """Halving twice is a quarter."""
        def observe(kata, value):
            return kata.halve(kata.halve(value))
        assert_close(kata.run(observe, 6.0), 1.5)
'''

STUB = """\
def double(x):
    raise NotImplementedError("Part 1, Doubling")


def halve(x):
    raise NotImplementedError("Part 2, Halving")
"""

SOLUTION = """\
def double(x):
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    return x / 2
"""


@dataclass(frozen=True)
class Judgement:
    """What one run of `python -m grader check` gave."""

    code: int
    stdout: str
    stderr: str
    report: str

    @property
    def states(self) -> list[str]:
        """The states of the two parts."""
        return [part["state"] for part in json.loads(self.report)["exercises"][0]["parts"]]


Judge = Callable[..., Judgement]


def write_repository(root: Path) -> Path:
    """Write a copy of the grader beside one exercise, `01_scaling`, whose stub is untouched."""
    shutil.copytree(ROOT / "grader", root / "grader")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, root)
    for tree, text in (("exercises", STUB), ("solutions", SOLUTION)):
        folder = root / tree / "01_scaling"
        folder.mkdir(parents=True)
        (folder / "scaling.py").write_text(text, encoding="utf-8")
    (root / "tests" / "01_scaling").mkdir(parents=True)
    (root / "tests" / "01_scaling" / "test_scaling.py").write_text(TESTS, encoding="utf-8")
    shutil.copy(ROOT / "tests" / "conftest.py", root / "tests")
    return root
