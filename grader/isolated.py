"""The code under test in a worker of its own: the same two requests, judged from outside.

Requests are pickles, functions and classes of the tests by value, for the worker
has none of the tests' files. Answers are data. An exception comes back as data
too and is rebuilt here: as a builtin that it descends from, or as a `SubmissionError`.
"""

from __future__ import annotations

import builtins
import math
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle

from grader.codec import Malformed, NotData, decode
from grader.deadline import DeadlineExceeded
from grader.failures import Crashed, IsolationFailure, Origin, SubmissionError
from grader.loader import LoadFailure, Source, read
from grader.server import Server
from grader.subject import BadSignature

MAX_SOURCE = 2**20
MAX_TEXT = 4_000
_KINDS: dict[str, type[Exception]] = {
    "load": LoadFailure,
    "signature": BadSignature,
    "data": NotData,
}
# What `pytest.raises` may wait for; none of them ends a test otherwise than by failing it.
_REBUILT = (
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BufferError",
    "EOFError",
    "FileNotFoundError",
    "FloatingPointError",
    "ImportError",
    "IndexError",
    "KeyError",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PermissionError",
    "RecursionError",
    "RuntimeError",
    "TypeError",
    "UnboundLocalError",
    "ValueError",
    "ZeroDivisionError",
)


class Isolated:
    """A submission in a worker of `server`, fresh for this object.

    It serves one test, or those of one part after the other: the submission is loaded
    anew for each, though what it did to the process in an earlier test stays done. A
    process for every test would cost more time than most tests take.

    Parameters
    ----------
    server : Server
    paths : sequence of Path
        The submission's file, then any overlays. Read here; the worker sees no file.
    seconds : float
        What all requests together may take; 0 for no limit.
    devices : sequence of str
        Kinds of device that a result may lie on.
    """

    def __init__(
        self,
        server: Server,
        paths: Sequence[Path],
        seconds: float = 0,
        devices: Sequence[str] = ("cpu",),
    ) -> None:
        self._limit = seconds
        self._devices = devices
        self._sources = [_read(path) for path in paths]
        self._worker = server.worker()
        self._begin()

    def _begin(self) -> None:
        self._left = self._limit or math.inf
        self._loaded = False

    def call(self, name: str, args: tuple, kwargs: dict) -> Any:
        """Call one function of the submission and return its result as data."""
        __tracebackhide__ = True
        return self._request("call", name, args, kwargs)

    def run(self, probe: Callable, args: tuple, kwargs: dict) -> Any:
        """Call `probe(names, *args, **kwargs)` beside the submission; its result is data."""
        __tracebackhide__ = True
        return self._request("run", probe, args, kwargs)

    @property
    def alive(self) -> bool:
        """Whether the worker can serve another test."""
        return self._worker.alive

    def pause(self) -> str:
        """Return what the worker printed, and be as at first for the next test."""
        self._begin()
        return self._worker.take_printed()

    def close(self) -> str:
        """End the worker and return what it printed."""
        self._worker.dismiss()
        return self._worker.take_printed()

    def _request(self, *request: object) -> Any:
        __tracebackhide__ = True
        if not self._loaded:
            self._loaded = True
            parts = [[s.path, s.text, s.problem] for s in self._sources]
            if self._ask(("load", *zip(*parts, strict=True))) is not None:
                self._worker.close()
                raise Crashed("the process sent what is no answer to being loaded")
        return self._ask(request)

    def _ask(self, request: tuple) -> Any:
        __tracebackhide__ = True
        message = _pickled(request)
        began = time.monotonic()
        try:
            answer = self._worker.exchange(message, self._left)
        except TimeoutError:
            raise DeadlineExceeded(f"no answer within {self._limit:g} s") from None
        self._left -= time.monotonic() - began
        try:
            return self._result(decode(answer, self._devices))
        except Malformed as problem:
            self._worker.close()
            raise Crashed(f"the process sent what is no answer: {problem}") from None

    def _result(self, answer: object) -> Any:
        __tracebackhide__ = True
        if type(answer) is not tuple or len(answer) != 2 or type(answer[0]) is not str:
            raise Malformed("of another shape")
        match answer:
            case "value", value:
                return value
            case "raised", dict(facts):
                raise self._rebuilt(facts)
            case "unreadable", str(text):
                reason = text[:MAX_TEXT]
                raise Crashed(f"the inputs cannot be read beside the submission: {reason}")
        raise Malformed("of another kind")

    def _rebuilt(self, facts: dict) -> Exception:
        """The exception that `facts` tell of; nothing in them is believed."""
        match facts:
            case {
                "kind": str(kind),
                "type": str(name),
                "bases": list(bases),
                "text": str(text),
                "where": str(where),
            }:
                problem = _family(kind, bases)(text[:MAX_TEXT])
            case _:
                raise Malformed("an exception of another shape")
        paths = [source.path for source in self._sources]
        path, _, line = where.rpartition(":")
        known = path in paths and line.isdecimal() and len(line) < 10
        type_name = name if name.isidentifier() and len(name) <= 100 else "Exception"
        Origin(type_name, where if known else "").mark(problem)
        return problem


def _family(kind: str, bases: Sequence[object]) -> type[Exception]:
    """The type to rebuild an exception as: the nearest that may cross, or `SubmissionError`."""
    if kind in _KINDS:
        return _KINDS[kind]
    names = (base for base in bases if isinstance(base, str) and base in _REBUILT)
    return getattr(builtins, next(names, ""), SubmissionError)


def _read(path: Path) -> Source:
    if path.is_symlink() or (path.exists() and not path.is_file()):
        return Source(str(path), problem=f"{path} is not a regular file")
    if path.exists() and path.stat().st_size > MAX_SOURCE:
        return Source(str(path), problem=f"{path} is larger than {MAX_SOURCE:,} bytes")
    return read(path)


# -- requests ---------------------------------------------------------------------------------

_known_modules: set[str] = set()
_STANDARD_LIBRARY = sysconfig.get_path("stdlib")


def _pickled(request: tuple) -> bytes:
    for name in sys.modules.keys() - _known_modules:
        _known_modules.add(name)
        if _is_of_the_tests(name, sys.modules[name]):
            cloudpickle.register_pickle_by_value(sys.modules[name])
    try:
        return cloudpickle.dumps(request)
    except Exception as problem:
        raise IsolationFailure(f"the inputs cannot be sent to a worker: {problem!r}") from problem


def _is_of_the_tests(name: str, module: ModuleType) -> bool:
    """Whether the worker lacks a module that it would need: one of the tests' own."""
    file = getattr(module, "__file__", None)
    if not file or name.partition(".")[0] == "grader" or module.__name__ != name:
        return False
    library = {"site-packages", "dist-packages"} & set(Path(file).parts)
    return not library and not Path(file).is_relative_to(_STANDARD_LIBRARY)
