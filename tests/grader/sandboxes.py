"""The sandboxes that this machine has, started once each for all tests that need one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable

from grader import sandbox
from grader.server import Server

BUBBLEWRAP = sandbox.bubblewrap if os.geteuid() == 0 else sandbox.bubblewrap_as_user
MAKERS: dict[str, Callable[..., Server]] = {"bubblewrap": BUBBLEWRAP, "sandlock": sandbox.sandlock}

# All tests of one sandbox run in one process, so that its server starts once.
EACH = list(MAKERS)


def lacks(name: str, device: str = "cpu") -> str:
    """Why this machine cannot have a sandbox; empty if it can."""
    return _lacks_bubblewrap(device) if name == "bubblewrap" else _lacks_sandlock()


def _lacks_bubblewrap(device: str) -> str:
    if shutil.which("bwrap") is None:
        return "bwrap is not installed"
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/"]
    command += ["--proc", "/proc", "true"] if device == "cuda" else ["true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def _lacks_sandlock() -> str:
    if importlib.util.find_spec("sandlock") is None:
        return "the package sandlock is not installed"
    import sandlock

    has, needs = sandlock.landlock_abi_version(), sandlock.min_landlock_abi()
    return f"Landlock {has} in this kernel, {needs} needed" if has < needs else ""
