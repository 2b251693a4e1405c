"""Sandboxes for a fork server, and the choice of one that holds on this machine.

`bubblewrap` builds a container of namespaces: no network, no file but Python's own and
the libraries', no process but its own. `sandlock` denies the same by Landlock and
seccomp, where namespaces are forbidden. `none` limits memory and little else.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from grader.canaries import harms
from grader.confine import Plan
from grader.failures import IsolationFailure
from grader.launch import ENVIRONMENT, SCRATCH, gpus, python, readable
from grader.server import Server

KINDS = ("auto", "bubblewrap", "sandlock", "none")


class NoSandbox(IsolationFailure):
    """No sandbox of the kind asked for holds on this machine; the message says why not."""


def pick(kind: str = "auto", device: str = "cpu", *, proven: bool = False) -> Server:
    """Start a server in the first sandbox that holds, the canaries being witness.

    Parameters
    ----------
    kind : {"auto", "bubblewrap", "sandlock", "none"}
        `auto` prefers bubblewrap to sandlock; `none` is had only by asking for it.
    device : {"cpu", "cuda"}
        Whether submissions need the GPUs.
    proven : bool
        That this kind was seen to hold on this machine a moment ago: spares the canaries.

    Raises
    ------
    NoSandbox
        If none of that kind can be started here, or an intruder did harm in it.
    """
    if kind not in KINDS:
        raise ValueError(f"sandbox is {kind!r}; expected one of {', '.join(KINDS)}")
    reasons = []
    for name, make in MAKERS:
        if name == kind or (kind == "auto" and name != "none"):
            server, reason = _try(make, device, proven or name == "none")
            if server:
                return server
            reasons.append(reason)
    raise NoSandbox("\n".join(["no sandbox holds on this machine:", *reasons]))


def _try(make: Callable[[str], Server], device: str, proven: bool) -> tuple[Server | None, str]:
    """A server that holds, or why there is none."""
    server = None
    try:
        server = make(device)
        server.worker().close()
        harm = [] if proven else harms(server)
        reason = f"sandbox {server.name}: a submission could {', '.join(harm)}" if harm else ""
    except IsolationFailure as problem:
        reason = str(problem)
    if server and reason:
        server.stop()
    return (None if reason else server), reason


# -- the sandboxes ----------------------------------------------------------------------------


def bubblewrap(device: str = "cpu") -> Server:
    """A server in namespaces, each worker in further ones and a user that is nobody else."""
    if os.geteuid() != 0:
        raise IsolationFailure("sandbox bubblewrap: only root can give workers another user")
    needed = ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_KILL")
    options = [word for name in needed for word in ("--cap-add", name)]
    return _bubblewrap(device, options, uid=2**30 + secrets.randbelow(2**20))


def bubblewrap_as_user(device: str = "cpu") -> Server:
    """The same where unprivileged users may create namespaces."""
    options = ["--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-add", "CAP_SYS_ADMIN"]
    return _bubblewrap(device, options, uid=0)


def _bubblewrap(device: str, options: list[str], uid: int) -> Server:
    program = shutil.which("bwrap")
    if program is None:
        raise IsolationFailure("sandbox bubblewrap: bwrap is not installed")
    command = [program, "--cap-drop", "ALL", *options]
    command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--new-session", "--die-with-parent", "--clearenv"]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    for path in readable(device):
        if path == "/proc":  # of the sandbox's own processes
            command += ["--proc", path]
            continue
        for parent in reversed(Path(path).parents[:-1]):
            command += ["--dir", str(parent)]  # else only its owner could pass through it
        command += ["--ro-bind", path, path]
    for path in ("/dev/null", "/dev/urandom", *gpus(device)):
        command += ["--dev-bind", path, path]
    command += ["--dir", SCRATCH, "--remount-ro", "/"]
    command += python(_plan(device, wall="namespaces", uid=uid, scratch=SCRATCH))
    return Server("bubblewrap", lambda folder: command, {}, sweeps=False)


def sandlock(device: str = "cpu") -> Server:
    """A server behind Landlock and seccomp, each worker behind Landlock once more."""
    if find_spec("sandlock") is None:
        raise IsolationFailure("sandbox sandlock: the package sandlock is not installed")
    reading, writing = readable(device), ["/dev/null", *gpus(device)]
    start = (
        "import json, sys, sandlock\n"
        "sandbox = sandlock.Sandbox(**json.loads(sys.argv[1]))\n"
        "sys.exit(sandbox.run_interactive(sys.argv[2:]))"
    )

    def command(folder: Path) -> list[str]:
        policy = {
            "fs_readable": reading,
            "fs_writable": [*writing, str(folder)],
            "clean_env": True,
            "env": ENVIRONMENT,
            "max_processes": 40,
            "gpu_devices": [] if device == "cuda" else None,
            "no_coredump": True,
        }
        walls = {"wall": "landlock", "readable": reading, "writable": writing}
        plan = _plan(device, **walls, scratch=str(folder), processes=0)
        return [sys.executable, "-I", "-c", start, json.dumps(policy), *python(plan)]

    return Server("sandlock", command, {"HOME": "/"}, sweeps=True)


def none(device: str = "cpu") -> Server:
    """A server that nothing holds but limits of resources."""

    def command(folder: Path) -> list[str]:
        return python(_plan(device, scratch=str(folder), processes=0))

    return Server("none", command, ENVIRONMENT, sweeps=True)


def _plan(device: str, **settings: Any) -> Plan:
    plan = replace(Plan(), **settings)
    # A driver maps the memory of its devices, far beyond any useful limit.
    return replace(plan, memory=0, address_space=0) if device == "cuda" else plan


MAKERS: tuple[tuple[str, Callable[[str], Server]], ...] = (
    ("bubblewrap", bubblewrap),
    ("bubblewrap", bubblewrap_as_user),
    ("sandlock", sandlock),
    ("none", none),
)
