"""Lets no process of a sandbox outlive its grader, however either of them ends.

A keeper is the parent of one sandbox, outside of it. Orphans become its children.
When the sandbox ends, or the grader lets go of its lifeline, be it by dying, the
keeper ends every descendant and removes their folder. Standard library only: it is
started as a script of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 10.0
_PR_SET_CHILD_SUBREAPER = 36
# Whoever runs out of memory first, it shall not be the grader.
_FIRST = 'echo 1000 2>/dev/null >/proc/self/oom_score_adj; exec "$@"'


def main() -> None:
    """Start the command in the arguments, after a lifeline's descriptor and a folder."""
    lifeline, folder, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = subprocess.Popen(["/bin/sh", "-c", _FIRST, "sh", *command], start_new_session=True)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)  # the control socket is the child's alone
    select.select([int(lifeline), os.pidfd_open(child.pid)], [], [])
    sweep(os.getpid())
    subprocess.run(["rm", "-rf", folder], stderr=subprocess.DEVNULL, check=False)


def sweep(root: int, spared: int = 0, seconds: float = SECONDS) -> bool:
    """End all descendants of process `root` but `spared`; whether none is left.

    They are stopped first, all of them, for whoever runs can still fork.
    """
    limit = time.monotonic() + seconds
    while strays := _descendants(root, spared):
        running = [number for number, state in strays.items() if state not in "Tt"]
        for number in running or strays:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGSTOP if running else signal.SIGKILL)
        if time.monotonic() > limit:
            return False
    return True


def memory(root: int, limit: int) -> int:
    """Bytes that the descendants of process `root` hold; exact only beyond `limit`.

    What several processes share is counted once for each at first, which is cheap, and
    divided among them only if there seems to be too much.
    """
    numbers = list(_descendants(root, 0))
    resident = sum(_field(number, "status", "VmRSS:") for number in numbers)
    if resident <= limit:
        return resident
    return sum(_field(number, "smaps_rollup", "Pss:") for number in numbers)


def _field(number: int, file: str, name: str) -> int:
    """A number of KiB that the file system of processes tells, in bytes; 0 for one that left."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{number}/{file}").read_text().splitlines():
            if line.startswith(name):
                return 1024 * int(line.split()[1])
    return 0


def _descendants(root: int, spared: int) -> dict[int, str]:
    """Living descendants and the state of each, as the file system of processes tells."""
    children: dict[int, list[int]] = {}
    states: dict[int, str] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            states[int(stat.parent.name)] = state
            children.setdefault(int(parent), []).append(int(stat.parent.name))
    found, waiting = {}, [root]
    while waiting:
        for child in children.get(waiting.pop(), []):
            if child != spared:
                waiting.append(child)
                found[child] = states[child]
    return {number: state for number, state in found.items() if state not in "ZX"}


if __name__ == "__main__":
    main()
