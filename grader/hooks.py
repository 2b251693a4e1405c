"""Hooks that this plugin adds to pytest."""

from __future__ import annotations

import pytest

from grader.report import TestResult


def pytest_kata_verdict(item: pytest.Item, result: TestResult) -> None:
    """Called with the verdict on every test of an exercise."""
