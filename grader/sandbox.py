"""Ways to start a fork server out of reach of everything, and the choice of one that holds.

`bubblewrap` builds a container of namespaces: no network, no file but Python's own and
the libraries', no process but its own. `sandlock` denies the same by Landlock and
seccomp, where namespaces are forbidden. `none` limits memory and little else.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

from grader.canaries import harms
from grader.catalog import ROOT
from grader.confine import Plan
from grader.failures import IsolationFailure
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
    for name, make in _MAKERS:
        if name == kind or (kind == "auto" and name != "none"):
            server, reason = _try(make, device, proven or name == "none")
            if server:
                return server
            reasons.append(reason)
    raise NoSandbox("\n".join(["no sandbox holds on this machine:", *reasons]))


def _try(make: Callable[[str], Server], device: str, proven: bool) -> tuple[Server | None, str]:
    """A server that holds, or why there is none."""
    try:
        server = make(device)
        server.start()
        server.worker().close()
        harm = [] if proven else harms(server)
    except IsolationFailure as problem:
        return None, str(problem)
    if not harm:
        return server, ""
    server.stop()
    return None, f"sandbox {server.name}: a submission could {', '.join(harm)}"


def bubblewrap(device: str = "cpu") -> Server:
    """A server in namespaces of its own, workers in further ones each, of a user that is nobody.

    Needs root: without it no other user can be had, see `bubblewrap_as_user`.
    """
    if os.geteuid() != 0:
        raise IsolationFailure("sandbox bubblewrap: only root can give workers another user")
    needed = ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_KILL")
    options = [word for name in needed for word in ("--cap-add", name)]
    return _bubblewrap(device, options, uid=2**30 + secrets.randbelow(2**20))


def bubblewrap_as_user(device: str = "cpu") -> Server:
    """The same where unprivileged users may create namespaces."""
    options = ["--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-add", "CAP_SYS_ADMIN"]
    return _bubblewrap(device, options, uid=0)


def sandlock(device: str = "cpu") -> Server:
    """A server behind Landlock and seccomp, workers behind Landlock once more."""
    try:
        import sandlock  # noqa: F401
    except (ImportError, OSError, RuntimeError) as problem:
        raise IsolationFailure(f"sandbox sandlock: cannot be imported: {problem}") from None
    reading, writing = _readable(device), ["/dev/null"]
    policy = {
        "fs_readable": reading,
        "fs_writable": writing,
        "clean_env": True,
        "env": _environment(),
        "max_processes": 40,
        "gpu_devices": [] if device == "cuda" else None,
        "no_coredump": True,
    }
    plan = _plan(device, wall="landlock", readable=reading, writable=writing, processes=0)
    command = [sys.executable, "-I", "-c", _SANDLOCK, json.dumps(policy), *_python(plan)]
    return Server(_launcher(command, {"HOME": "/"}), "sandlock", sweeps=True)


def none(device: str = "cpu") -> Server:
    """A server that nothing holds but limits of resources."""
    plan = _plan(device, processes=0)
    return Server(_launcher(_python(plan), _environment()), "none", sweeps=True)


_MAKERS: tuple[tuple[str, Callable[[str], Server]], ...] = (
    ("bubblewrap", bubblewrap),
    ("bubblewrap", bubblewrap_as_user),
    ("sandlock", sandlock),
    ("none", none),
)


# -- command lines ----------------------------------------------------------------------------

_SCRATCH = "/scratch"
_SANDLOCK = """
import json, sys
from sandlock import Sandbox
sys.exit(Sandbox(**json.loads(sys.argv[1])).run_interactive(sys.argv[2:]))
"""
# The server holds the grader's few modules as text: no file of the grader need be in reach.
_MODULES = ("grader", "data", "codec", "loader", "subject", "confine", "worker")
_BOOT = """
import sys, types
sys.path += {paths!r}
for name, text in {modules!r}.items():
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = []
    exec(compile(text, name, "exec"), module.__dict__)
module.main()
"""


def _bubblewrap(device: str, options: list[str], uid: int) -> Server:
    program = shutil.which("bwrap")
    if program is None:
        raise IsolationFailure("sandbox bubblewrap: bwrap is not installed")
    plan = _plan(device, wall="namespaces", uid=uid, scratch=_SCRATCH)
    command = [program, "--cap-drop", "ALL", *options]
    command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--new-session", "--die-with-parent", "--clearenv"]
    for name, value in _environment().items():
        command += ["--setenv", name, value]
    for path in _readable(device):
        for parent in reversed(Path(path).parents[:-1]):
            command += ["--dir", str(parent)]  # else only its owner could pass through it
        command += ["--dev-bind" if path.startswith("/dev/") else "--ro-bind", path, path]
    command += ["--dev-bind", "/dev/null", "/dev/null", "--dir", _SCRATCH, "--remount-ro", "/"]
    return Server(_launcher([*command, *_python(plan)], {}), "bubblewrap", sweeps=False)


def _launcher(
    command: list[str], environment: dict[str, str]
) -> Callable[[socket.socket, IO[bytes]], subprocess.Popen]:
    # Whoever runs out of memory first, it shall not be the grader.
    first = 'echo 1000 2>/dev/null >/proc/self/oom_score_adj; exec "$@"'

    def launch(control: socket.socket, errors: IO[bytes]) -> subprocess.Popen:
        return subprocess.Popen(
            ["/bin/sh", "-c", first, "sh", *command],
            stdin=control.fileno(),
            stdout=errors,
            stderr=errors,
            env=environment,
            cwd="/",
            start_new_session=True,
        )

    return launch


def _python(plan: Plan) -> list[str]:
    names = [name if name == "grader" else f"grader.{name}" for name in _MODULES]
    files = ["__init__" if name == "grader" else name for name in _MODULES]
    folder = Path(__file__).parent
    texts = [(folder / f"{file}.py").read_text(encoding="utf-8") for file in files]
    boot = _BOOT.format(paths=_packages(), modules=dict(zip(names, texts, strict=True)))
    return [_executable(), "-I", "-S", "-u", "-X", "utf8", "-c", boot, json.dumps(asdict(plan))]


def _plan(device: str, **settings: Any) -> Plan:
    plan = replace(Plan(), **settings)
    # A driver maps the memory of its devices, far beyond any useful limit.
    return replace(plan, address_space=0) if device == "cuda" else plan


def _environment() -> dict[str, str]:
    return {
        "HOME": _SCRATCH,
        "TMPDIR": _SCRATCH,
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        # A server that ran one operation on several threads would leave its children hanging.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # torch wants to create this folder on import: one that exists, and cannot be written.
        "TORCHINDUCTOR_CACHE_DIR": str(Path(os.__file__).parent),
    }


# -- files ------------------------------------------------------------------------------------


def _executable() -> str:
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _packages() -> list[str]:
    """Folders of installed packages."""
    folders = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    return [path for path in dict.fromkeys(folders) if Path(path).is_dir()]


def _readable(device: str) -> list[str]:
    """What a server may read: Python, its libraries, the system's, and what its processor is."""
    paths = [path for path in _candidates(device) if Path(path).exists()]
    for path in paths:
        if ROOT.is_relative_to(path):
            raise IsolationFailure(f"{ROOT} lies in {path}, which submissions can read: move it")
    return list(dict.fromkeys(paths))


def _candidates(device: str) -> Iterator[str]:
    yield from ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
    yield from ("/dev/urandom", "/proc/cpuinfo", "/sys/devices/system/cpu")
    yield _executable()
    yield str(Path(os.__file__).parent)
    yield sysconfig.get_config_var("DESTSHARED") or "/nonexistent"
    library = sysconfig.get_config_var("INSTSONAME") or "none"
    yield str(Path(sysconfig.get_config_var("LIBDIR") or "/nonexistent", library))
    yield from _packages()
    if device == "cuda":
        yield from map(str, sorted(Path("/dev").glob("nvidia*")))
        yield from ("/proc", "/sys")
