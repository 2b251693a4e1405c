"""The trusted side's hold on a fork server and its workers: bytes, deadlines, ends.

Nothing that arrives here is understood, only counted: an answer is bytes within a
limit, before a deadline. A worker that keeps neither is killed by the fork server,
and if that gives no sign of life either, the whole sandbox is.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from grader import keeper
from grader.codec import MAX_BYTES
from grader.failures import Crashed, IsolationFailure
from grader.worker import COMMAND, FRAME, READY, REPLY

STARTUP = 120.0  # seconds for the server to import its libraries on a loaded machine
PATIENCE = 20.0  # seconds for the server to fork a worker or to end one
MAX_OUTPUT = 64 * 2**10
MAX_MEMORY = 6 * 2**30  # of all processes of a sandbox together; each has a limit of its own
GLANCE = 0.25  # seconds between two looks at their memory
_MAX_ANSWER = MAX_BYTES + 2**16
_CHUNK = 2**16


class Server:
    """A fork server in a sandbox, with a spare worker forked ahead.

    Parameters
    ----------
    name : str
        What the sandbox is called, for reports.
    command : callable
        What to start, given a folder that ends with the server.
    environment : mapping of str to str
        All variables that the command is to have.
    sweeps : bool
        Whether descendants can outlive their worker and have to be swept up; not
        needed where every worker has a process namespace of its own.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[Path], list[str]],
        environment: Mapping[str, str],
        *,
        sweeps: bool,
    ) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._sweeps = sweeps
        self._process: subprocess.Popen | None = None
        self._ordered = 0
        self._due: deque[Callable[[int], None]] = deque()  # who waits for a reply, in order

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and fork the spare; takes seconds, for it imports torch."""
        self._folder = Path(tempfile.mkdtemp(prefix="katas-"))
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reading, self._lifeline = os.pipe()
        script = Path(keeper.__file__)
        arguments = [str(reading), str(self._folder), *self._command(self._folder)]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), *arguments],
            stdin=theirs.fileno(),
            stdout=self._errors,
            stderr=self._errors,
            env=self._environment,
            cwd="/",
            pass_fds=(reading,),
            start_new_session=True,
        )
        theirs.close()
        os.close(reading)
        self._due.clear()
        self._order_spare()
        self._number = self._reply(STARTUP)

    def stop(self) -> None:
        """End the server and every worker."""
        process, self._process = self._process, None
        if process is None:
            return
        os.close(self._lifeline)
        self._control.close()
        self._spare.release()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2 * keeper.SECONDS)
        process.kill()
        process.wait()
        self._errors.close()

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
        self._settle()
        worker = self._spare
        try:
            self._order_spare()
        except IsolationFailure:
            worker.release()
            raise
        worker.await_ready()
        return worker

    def _order_spare(self) -> None:
        """Have a worker forked without waiting for it."""
        channel, theirs = socket.socketpair()
        reading, writing = os.pipe()
        self._ordered += 1
        self._spare = Worker(self, self._ordered, channel, reading)
        try:
            self._send(b"f", self._ordered, theirs.fileno(), writing)
        finally:
            theirs.close()
            os.close(writing)
        self._due.append(self._spare.is_number)

    def memory(self) -> int:
        """Bytes that the processes in the sandbox hold, or somewhat more."""
        return keeper.memory(self._process.pid, MAX_MEMORY) if self._process else 0

    def _settle(self) -> None:
        """Take the replies that are due."""
        while self._due:
            self._due.popleft()(self._reply(PATIENCE))

    def end(self, worker: Worker) -> str:
        """Kill a worker with all its descendants, and say how it ended."""
        if self._process is None:
            return "the sandbox had ended"
        codes: list[int] = []
        try:
            self._kill(worker, codes.append)
            self._settle()
            if self._sweeps:
                self._sweep_up_after(worker)
        except IsolationFailure as problem:
            self.stop()
            return f"the process took the sandbox down with it ({problem})"
        return _manner(codes[0])

    def dismiss(self, worker: Worker) -> None:
        """End a worker that answered to the last; where nothing outlives it, without waiting."""
        if self._sweeps or self._process is None:
            self.end(worker)
            return
        with contextlib.suppress(IsolationFailure):  # the next worker comes from a new server then
            self._kill(worker, lambda code: None)

    def _kill(self, worker: Worker, tell: Callable[[int], None]) -> None:
        self._settle()  # its number may still be due
        self._send(b"k", worker.number)
        self._due.append(tell)

    def _sweep_up_after(self, worker: Worker) -> None:
        if not keeper.sweep(self._number, self._spare.number):
            self._fail("its descendants outlived it")
        # What a submission leaves may be nested deeper than Python could follow.
        leftovers = str(self._folder / str(worker.ordinal))
        subprocess.run(["rm", "-rf", leftovers], stderr=subprocess.DEVNULL, check=False)

    def _send(self, command: bytes, number: int, *descriptors: int) -> None:
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
        self._errors.seek(0)
        errors = self._errors.read().decode(errors="replace").strip()
        self.stop()
        raise IsolationFailure(f"sandbox {self.name}: {reason}: {errors[-2000:]}".rstrip(": "))


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
        self.alive = True
        self._glanced = time.monotonic()
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
            self.close()
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
        if not self.alive:
            raise Crashed("the process had ended before")
        if self._has_spoken():
            self.close()
            raise Crashed("the process answered before it was asked")
        return self._converse(FRAME.pack(len(request)) + request, seconds)

    def _has_spoken(self) -> bool:
        try:
            return bool(self._channel.recv(1))
        except OSError:  # nothing to read; or it is gone, as the request will find
            return False

    def take_printed(self) -> str:
        """What was printed since the last time, or the last of it."""
        if self.alive:
            self._drain_all()
        printed, self.printed = self.printed, b""
        return printed.decode(errors="replace")

    def is_number(self, number: int) -> None:
        """Learn what the fork server calls this worker."""
        self.number = number

    def dismiss(self) -> None:
        """End the worker, which has answered all, and keep the last of what it printed."""
        if self.alive:
            self._server.dismiss(self)
            self._finish()

    def close(self) -> str:
        """End the worker, keep the last of what it printed, and say how it ended."""
        if not self.alive:
            return ""
        self.alive = False
        ending = self._server.end(self)
        self._finish()
        return ending

    def _finish(self) -> None:
        self._drain_all()
        self.release()

    def _drain_all(self) -> None:
        for _ in range(MAX_OUTPUT // _CHUNK + 1):
            self._drain()

    def release(self) -> None:
        """Let go of the channel and of what is printed."""
        self.alive = False
        self._channel.close()
        os.close(self._output)

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
        if outgoing or FRAME.unpack_from(incoming)[0] != len(incoming) - FRAME.size:
            self.close()
            raise Crashed("the process sent what is no answer")
        return bytes(memoryview(incoming)[FRAME.size :])

    def _wait(self, limit: float, *, writing: bool) -> tuple[bool, bool]:
        """Whether the channel can be written, and read; drains what is printed meanwhile."""
        self._poll.register(self._channel, select.POLLIN | (select.POLLOUT if writing else 0))
        left = limit - time.monotonic()
        if left <= 0:
            self.close()
            raise TimeoutError
        events = dict(self._poll.poll(min(left, GLANCE) * 1000))
        self._glance()
        if self._output in events:
            self._drain()
        state = events.get(self._channel.fileno(), 0)
        return bool(state & select.POLLOUT), bool(state & ~select.POLLOUT)

    def _glance(self) -> None:
        """End a worker whose processes together hold too much; each alone is limited anyway."""
        if time.monotonic() - self._glanced < GLANCE:
            return
        if self._server.memory() > MAX_MEMORY:
            self.close()
            raise Crashed(f"its processes held more than {MAX_MEMORY // 2**30} GiB together")
        self._glanced = time.monotonic()

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


def _manner(code: int) -> str:
    if code >= 0:
        return f"the process left with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
    return f"the process was ended by {name}"
