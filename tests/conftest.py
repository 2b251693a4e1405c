"""Every test below gets the grader's options, fixtures and verdicts."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest_plugins = ["grader.plugin"]

# An exercise, or a sandbox: its server is warm in one process only.
_SHARED = re.compile(r"\[(\d\d_[a-z0-9_]+|bubblewrap|sandlock|none)")


def scope_of(nodeid: str) -> str:
    """What a test shares something slow with: all tests of one scope run in one process."""
    shared = _SHARED.search(nodeid)
    return shared[1] if shared else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Distribute by scope: marks for groups do not reach xdist 3.8 under pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class ByScope(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    return ByScope(config, log)
