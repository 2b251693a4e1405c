"""The trusted side's hold on a fork server and its workers: bytes, deadlines, ends.

Nothing that arrives here is understood, only counted: an answer is bytes within a
limit, before a deadline. A worker that keeps neither is killed by the fork server,
and if that gives no sign of life either, the whole sandbox is.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from grader.codec import MAX_BYTES
from grader.failures import Crashed, IsolationFailure
from grader.worker import COMMAND, FRAME, READY, REPLY

STARTUP = 120.0  # seconds for the server to import its libraries on a loaded machine
PATIENCE = 20.0  # seconds for the server to fork a worker or to end one
ERRORS = "stderr.txt"  # in the server's folder, where its process writes to
MAX_OUTPUT = 64 * 2**10
_MAX_ANSWER = MAX_BYTES + 2**16
_CHUNK = 2**16
_SWEEP = 2.0  # seconds after which whoever still forks is ended with the whole sandbox

Launch = Callable[[socket.socket, Path], subprocess.Popen]


class Server:
    """A fork server in a sandbox, with a spare worker forked ahead.

    Parameters
    ----------
    launch : callable
        Starts the server's process, given its standard input and a folder of its own.
    name : str
        What the sandbox is called, for reports.
    sweeps : bool
        Whether descendants can outlive their worker and have to be swept up; not
        needed where every worker has a process namespace of its own.

    Notes
    -----
    Use it from the thread that starts it: the sandbox ends with that thread.
    """

    def __init__(self, launch: Launch, name: str, *, sweeps: bool) -> None:
        self.name = name
        self._launch = launch
        self._sweeps = sweeps
        self._process: subprocess.Popen | None = None
        self._ordered = 0

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and fork the spare; takes seconds, for it imports torch."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._folder = Path(tempfile.mkdtemp(prefix="katas-"))
        with theirs:
            self._process = self._launch(theirs, self._folder)
        self._number = self._reply(STARTUP)
        self._order_spare()

    def stop(self) -> None:
        """End the server and every worker."""
        process, self._process = self._process, None
        if process is None:
            return
        self._control.close()
        process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _remove(self._folder)

    def worker(self) -> Worker:
        """A fresh worker, confined and waiting for its first request."""
        try:
            return self._next_worker()
        except IsolationFailure:  # an earlier worker may have brought the server down
            self.stop()
            return self._next_worker()

    def _next_worker(self) -> Worker:
        if self._process is None:
            self.start()
        self._meet_spare()
        worker = self._spare
        self._order_spare()
        worker.await_ready()
        return worker

    def _order_spare(self) -> None:
        """Have a worker forked without waiting for it."""
        channel, theirs = socket.socketpair()
        reading, writing = os.pipe()
        self._ordered += 1
        self._spare = Worker(self, self._ordered, channel, reading)
        with theirs:
            self._command(b"f", self._ordered, theirs.fileno(), writing)
        os.close(writing)

    def _meet_spare(self) -> None:
        if not self._spare.number:
            self._spare.number = self._reply(PATIENCE)

    def end(self, worker: Worker) -> str:
        """Kill a worker with all its descendants, and say how it ended."""
        try:
            self._meet_spare()
            self._command(b"k", worker.number)
            code = self._reply(PATIENCE)
            if self._sweeps:
                self._sweep()
                _remove(self._folder / str(worker.ordinal))
        except IsolationFailure as problem:
            self.stop()
            return f"the process took the sandbox down with it ({problem})"
        return _manner(code)

    def _sweep(self) -> None:
        limit = time.monotonic() + _SWEEP
        while strays := _children(self._number) - {self._spare.number}:
            for stray in strays:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(stray, signal.SIGKILL)
            if time.monotonic() > limit:
                self._fail("its descendants fork faster than they can be ended")

    def _command(self, command: bytes, number: int, *descriptors: int) -> None:
        try:
            socket.send_fds(self._control, [COMMAND.pack(command, number)], descriptors)
        except OSError:
            self._fail("the fork server is gone")

    def _reply(self, seconds: float) -> int:
        self._control.settimeout(seconds)
        try:
            reply = self._control.recv(REPLY.size)
        except OSError:
            self._fail(f"the fork server gave no sign within {seconds:g} s")
        if not reply:
            self._fail("the fork server is gone")
        return REPLY.unpack(reply)[0]

    def _fail(self, reason: str) -> NoReturn:
        with contextlib.suppress(OSError):
            errors = (self._folder / ERRORS).read_text(errors="replace").strip()
            reason += f": {errors[-2000:]}" if errors else ""
        self.stop()
        raise IsolationFailure(f"sandbox {self.name}: {reason}")


class Worker:
    """One worker: a channel for requests and answers, and what it printed."""

    def __init__(self, server: Server, ordinal: int, channel: socket.socket, output: int) -> None:
        self.number = 0
        self.ordinal = ordinal
        self.printed = b""
        self._server = server
        self._channel = channel
        self._output = output
        self._poll = select.poll()
        self._alive = True
        channel.setblocking(False)
        os.set_blocking(output, False)
        self._poll.register(output, select.POLLIN)

    def await_ready(self) -> None:
        """Wait until the worker has confined itself: before that it may see no submission."""
        try:
            greeting = self._converse(b"", PATIENCE)
        except (Crashed, TimeoutError) as problem:
            greeting, self.printed = b"", self.printed + f"\n{problem}".encode()
        if greeting != READY:
            printed = self.printed.decode(errors="replace").strip()
            raise IsolationFailure(f"sandbox {self._server.name}: no confined worker: {printed}")

    def exchange(self, request: bytes, seconds: float) -> bytes:
        """Send `request` and return the answer, or end the worker.

        Raises
        ------
        TimeoutError
            If no whole answer came within `seconds`.
        Crashed
            If the worker ended, or sent what is longer than an answer may be.
        """
        if not self._alive:
            raise Crashed("the process had ended before")
        return self._converse(FRAME.pack(len(request)) + request, seconds)

    def close(self) -> str:
        """End the worker, keep the last of what it printed, and say how it ended."""
        if not self._alive:
            return ""
        self._alive = False
        ending = self._server.end(self)
        for _ in range(MAX_OUTPUT // _CHUNK + 1):
            self._drain()
        self._channel.close()
        os.close(self._output)
        return ending

    def _converse(self, message: bytes, seconds: float) -> bytes:
        outgoing, incoming = memoryview(message), bytearray()
        limit = time.monotonic() + seconds
        while not _is_whole(incoming):
            writable, readable = self._wait(limit, writing=bool(outgoing))
            try:
                if writable:
                    outgoing = outgoing[self._channel.send(outgoing[:_CHUNK]) :]
                chunk = self._channel.recv(_CHUNK) if readable else None
            except OSError:
                chunk = b""
            if chunk == b"":
                raise Crashed(self.close())
            incoming += chunk or b""
        if FRAME.unpack_from(incoming)[0] != len(incoming) - FRAME.size:
            self.close()
            raise Crashed("the process sent what is no answer")
        return bytes(memoryview(incoming)[FRAME.size :])

    def _wait(self, limit: float, *, writing: bool) -> tuple[bool, bool]:
        """Whether the channel can be written, and read; drains what is printed meanwhile."""
        self._poll.register(self._channel, select.POLLIN | (select.POLLOUT if writing else 0))
        left = limit - time.monotonic()
        ready = self._poll.poll(None if math.isinf(left) else left * 1000) if left > 0 else []
        if not ready:
            self.close()
            raise TimeoutError
        events = dict(ready)
        if self._output in events:
            self._drain()
        state = events.get(self._channel.fileno(), 0)
        return bool(state & select.POLLOUT), bool(state & ~select.POLLOUT)

    def _drain(self) -> None:
        try:
            chunk = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return
        if not chunk:  # it closed its standard streams: nothing to wait for any more
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._output)
        self.printed = (self.printed + chunk)[-MAX_OUTPUT:]


def _is_whole(incoming: bytearray) -> bool:
    """Whether a whole answer is there, or more than one may be."""
    if len(incoming) < FRAME.size:
        return False
    (size,) = FRAME.unpack_from(incoming)
    return size > _MAX_ANSWER or len(incoming) >= FRAME.size + size


def _remove(folder: Path) -> None:
    """Remove a folder however deep: what a submission leaves may be deeper than Python recurses."""
    subprocess.run(["rm", "-rf", str(folder)], stderr=subprocess.DEVNULL, check=False)


def _manner(code: int) -> str:
    if code >= 0:
        return f"the process left with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
    return f"the process was ended by {name}"


def _children(parent: int) -> set[int]:
    """Living children of a process, as the file system of processes tells."""
    children = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, its_parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(its_parent) == parent and state != "Z":
                children.add(int(stat.parent.name))
    return children
