"""Whether a sandbox holds: an intruder is let loose in it, and what it achieves is observed.

What the intruder says of itself counts only where nothing can be seen from outside.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from grader import intruder
from grader.deadline import DeadlineExceeded
from grader.failures import Crashed
from grader.isolated import Isolated
from grader.server import Server

PROCESSES = 200
MEMORY = 8 * 2**30
_SECONDS = 30.0

Attempt = Callable[..., Any]


def harms(server: Server) -> list[str]:
    """What an intruder in `server` can do but must not; empty if the sandbox holds."""
    attempt = partial(_attempt, server)
    deeds = [*_with_files(attempt), *_with_processes(attempt), *_with_sockets(attempt)]
    deeds += [
        (f"start {PROCESSES} processes", attempt("fork", PROCESSES) == PROCESSES),
        (f"take {MEMORY:,} bytes", attempt("allocate", MEMORY) == MEMORY),
    ]
    return [deed for deed, done in deeds if done]


def _attempt(server: Server, name: str, *args: object) -> Any:
    """What a function of the intruder returns in a worker of its own; None if it fails."""
    subject = Isolated(server, [Path(intruder.__file__)], _SECONDS)
    try:
        return subject.call(name, args, {})
    except (Exception, Crashed, DeadlineExceeded):
        return None
    finally:
        subject.close()


def _with_files(attempt: Attempt) -> Iterator[tuple[str, bool]]:
    with tempfile.TemporaryDirectory() as name:
        folder, token = Path(name), secrets.token_hex()
        folder.chmod(0o777)
        (folder / "secret").write_text(token, encoding="utf-8")
        yield "read a file", attempt("read_file", str(folder / "secret")) == token
        attempt("write_file", str(folder / "new"))
        yield "write a file", (folder / "new").exists()
        with _listening(socket.AF_UNIX, socket.SOCK_STREAM, f"{folder}/socket") as listener:
            Path(folder, "socket").chmod(0o777)
            attempt("connect_by_path", f"{folder}/socket")
            yield "connect to a socket by its path", _was_reached(listener)


def _with_processes(attempt: Attempt) -> Iterator[tuple[str, bool]]:
    token = secrets.token_hex()
    with subprocess.Popen(["sleep", "60"], env={"TOKEN": token}) as bystander:
        found = attempt("read_process", bystander.pid)
        yield "read the memory of a process", token in str(found)
        attempt("end_process", bystander.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            bystander.wait(0.1)
        yield "end a process", bystander.poll() is not None
        bystander.kill()


def _with_sockets(attempt: Attempt) -> Iterator[tuple[str, bool]]:
    name = f"\0{secrets.token_hex()}"
    with _listening(socket.AF_UNIX, socket.SOCK_STREAM, name) as listener:
        attempt("connect_by_path", name)
        yield "connect to a socket by its name", _was_reached(listener)
    with _listening(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)) as listener:
        attempt("connect", listener.getsockname()[1])
        yield "connect over TCP", _was_reached(listener)
    with _listening(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)) as listener:
        attempt("send", listener.getsockname()[1])
        yield "send over UDP", _was_reached(listener)


@contextlib.contextmanager
def _listening(family: int, kind: int, address: Any) -> Iterator[socket.socket]:
    with socket.socket(family, kind) as listener:
        listener.bind(address)
        if kind == socket.SOCK_STREAM:
            listener.listen()
        listener.setblocking(False)
        yield listener


def _was_reached(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            return bool(listener.recv(10))
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True
