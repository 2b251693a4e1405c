"""How many processors this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """Processors that are open to this process, at least one."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
