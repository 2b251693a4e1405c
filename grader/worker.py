"""What runs inside the isolation: a fork server, and one forked worker per part.

The server imports what submissions import, then waits on a socket that only it
holds. It runs no tensor operation and never sees a test or a submission. A worker
closes that socket, confines itself, and answers requests over a channel of its
own: requests are pickles that the trusted side made, answers are data.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import linecache
import os
import pickle
import socket
import struct
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from grader import confine
from grader.codec import NotData, encode
from grader.confine import Plan
from grader.libraries import OF_SUBMISSIONS, import_all
from grader.loader import LoadFailure, Source
from grader.subject import BadSignature, Loaded

FRAME = struct.Struct("<Q")  # the length of what follows
COMMAND = struct.Struct("<cq")  # `f`ork the nth worker, or `k`ill process number n
REPLY = struct.Struct("<q")  # the number of the new process, or how the old one ended
READY = b"ready"
_MAX_TEXT = 4_000
_EXAMPLE = """
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def example(x: Tensor) -> list[Tensor]:
    y = (x[:, None] * x).sort(-1).values
    y = functional.relu(y @ y - x.mean())
    return [y, torch.where(y > 0, y, 0).sum(), torch.from_numpy(np.asarray(x) + 1)]
"""
_KINDS = {LoadFailure: "load", BadSignature: "signature", NotData: "data"}


def main() -> None:
    """Serve until the trusted side hangs up."""
    plan = Plan(**json.loads(sys.argv[1]))
    # A descriptor that standard streams do not reuse, and that no child inherits by accident.
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    import_all(OF_SUBMISSIONS)
    confine.prepare(plan)
    gc.collect()
    gc.freeze()
    control.send(REPLY.pack(os.getpid()))
    serve(control, plan)


# -- the fork server --------------------------------------------------------------------------


def serve(control: socket.socket, plan: Plan) -> None:
    """Fork and end workers as asked; a request to fork brings the worker's two descriptors."""
    endings: dict[int, int] = {}
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, COMMAND.size, 2)
        if not message:
            return
        command, number = COMMAND.unpack(message)
        if command == b"f":
            worker = _fork(_plan_of(number, plan), *descriptors)
            endings.pop(worker, None)  # of an earlier process of that number
            control.send(REPLY.pack(worker))
        else:
            control.send(REPLY.pack(_end(number, endings)))


def _plan_of(number: int, plan: Plan) -> Plan:
    """Workers that share a file system each have a folder of their own to write to."""
    return plan if plan.wall == "namespaces" else replace(plan, scratch=f"{plan.scratch}/{number}")


def _fork(plan: Plan, channel: int, output: int) -> int:
    worker = confine.fork(plan)
    if worker == 0:
        try:
            _work(plan, channel, output)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.close(channel)
    os.close(output)
    return worker


def _end(worker: int, endings: dict[int, int]) -> int:
    """Kill `worker`, bury all who ended, and say how it ended."""
    if worker not in endings:
        os.kill(worker, 9)
    while worker not in endings:
        ended, status = os.wait()
        endings[ended] = os.waitstatus_to_exitcode(status)
    return endings.pop(worker)


# -- one worker -------------------------------------------------------------------------------


def _work(plan: Plan, channel_number: int, output: int) -> None:
    channel = _keep_only(channel_number, output)
    faulthandler.enable()
    confine.confine(plan)
    os.environ["TMPDIR"] = os.environ["HOME"] = tempfile.tempdir = plan.scratch
    _warm_up()
    _send(channel, READY)
    answerer = _Answerer()
    while request := _receive(channel):
        _send(channel, answerer.answer(request))


def _warm_up() -> None:
    """Touch, while nobody waits, the memory that a first request would have to copy."""
    example = Loaded([Source("example.py", _EXAMPLE)], "example")
    arguments = pickle.loads(pickle.dumps((torch.ones(4),)))
    encode(("value", example.call("example", arguments, {})))
    del sys.modules["example"]


def _keep_only(channel: int, output: int) -> socket.socket:
    """Close every descriptor but the channel and the standard streams."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(channel, 3)
    os.closerange(4, 4096)
    return socket.socket(fileno=3)


def _receive(channel: socket.socket) -> bytes:
    """The next request; empty when there is none to come."""
    head = _receive_exactly(channel, FRAME.size)
    return _receive_exactly(channel, FRAME.unpack(head)[0]) if head else b""


def _receive_exactly(channel: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        chunk = channel.recv(min(count - len(data), 2**20))
        if not chunk:
            return b""
        data += chunk
    return bytes(data)


def _send(channel: socket.socket, answer: bytes) -> None:
    channel.sendall(FRAME.pack(len(answer)) + answer)


class _Answerer:
    def __init__(self) -> None:
        self.sources: Sequence[Source] = ()
        self.loaded: Any = None

    def answer(self, request: bytes) -> bytes:
        try:
            try:
                method, *arguments = pickle.loads(request)
            except BaseException as problem:
                return encode(("unreadable", _text(problem)))
            return encode(("value", getattr(self, method)(*arguments)))
        except BaseException as problem:
            return encode(("raised", self._as_data(problem)))

    def load(self, paths: Sequence[str], texts: Sequence[str], problems: Sequence[str]) -> None:
        name = Path(paths[0]).stem
        # What the test before has loaded goes first: its threads and its memory count, too.
        self.loaded = None
        sys.modules.pop(name, None)
        gc.collect()
        self.sources = [Source(*parts) for parts in zip(paths, texts, problems, strict=True)]
        for source in self.sources:  # for whoever asks for the source of a function
            lines = source.text.splitlines(keepends=True)
            linecache.cache[source.path] = (len(source.text), None, lines, source.path)
        self.loaded = Loaded(self.sources, name)

    def call(self, name: str, args: tuple, kwargs: dict) -> Any:
        return self.loaded.call(name, args, kwargs)

    def run(self, probe: Any, args: tuple, kwargs: dict) -> Any:
        return self.loaded.run(probe, args, kwargs)

    def _as_data(self, problem: BaseException) -> dict[str, Any]:
        kinds = (kind for cause, kind in _KINDS.items() if isinstance(problem, cause))
        return {
            "kind": next(kinds, "other"),
            "type": type(problem).__name__[:100],
            "bases": [c.__name__ for c in type(problem).__mro__ if c.__module__ == "builtins"],
            "text": _text(problem),
            "where": self._where(problem),
        }

    def _where(self, problem: BaseException) -> str:
        """`file:line` of the submission's innermost frame, or empty."""
        own = {source.path for source in self.sources}
        frames = traceback.walk_tb(problem.__traceback__)
        places = [(frame.f_code.co_filename, line) for frame, line in frames]
        return next((f"{path}:{line}" for path, line in reversed(places) if path in own), "")


def _text(problem: BaseException) -> str:
    """What `str` makes of it, without the quotes that a KeyError adds."""
    quoted = isinstance(problem, KeyError) and len(problem.args) == 1
    text = problem.args[0] if quoted and isinstance(problem.args[0], str) else str(problem)
    return text[:_MAX_TEXT].encode("utf-8", "replace").decode()


if __name__ == "__main__":
    main()
