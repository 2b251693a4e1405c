"""The code under test, loaded into a process.

A subject answers two requests, `call` and `run`, with data. `Loaded` is the one
implementation of both: it runs in the learner's process behind `InProcess`, and
beside an isolated submission in the worker, where nothing else of the grader is.
"""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from grader.data import plain
from grader.loader import LoadFailure, Source, Subject, load_sources, read


class BadSignature(Exception):
    """A function of the submission cannot be called as the statement says."""


class Loaded:
    """A submission in this process; takes its inputs as they are.

    Parameters
    ----------
    sources : sequence of Source
        The submission's file, then any overlays.
    name : str
        Name that its module bears in `sys.modules`.
    """

    def __init__(self, sources: Sequence[Source], name: str) -> None:
        self._names = load_sources(sources, name)

    def call(self, name: str, args: tuple, kwargs: dict) -> Any:
        """Call one function of the submission and return its result as data."""
        function = getattr(self._names, name)
        _check_signature(name, function, args, kwargs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plain(function(*args, **kwargs))

    def run(self, probe: Callable, args: tuple, kwargs: dict) -> Any:
        """Call `probe(names, *args, **kwargs)` beside the submission; its result is data."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plain(probe(_Checked(self._names), *args, **kwargs))


class InProcess:
    """A submission loaded into this process; plain tracebacks, and a debugger works.

    What goes in is copied, exactly as if the code lived in another process: a test
    cannot come to depend on sharing memory with a submission.
    """

    def __init__(self, paths: Sequence[Path], name: str) -> None:
        self._loaded = Loaded([read(path) for path in paths], name)

    def call(self, name: str, args: tuple, kwargs: dict) -> Any:
        """Call one function of the submission and return its result as data."""
        return self._loaded.call(name, *_copied(args, kwargs))

    def run(self, probe: Callable, args: tuple, kwargs: dict) -> Any:
        """Call `probe(names, *args, **kwargs)` beside the submission; its result is data."""
        return self._loaded.run(probe, *_copied(args, kwargs))


class _Checked:
    """The submission's names as a probe sees them: signatures are checked before a call."""

    def __init__(self, names: Subject) -> None:
        self._names = names

    def __getattr__(self, name: str) -> object:
        value = getattr(self._names, name)
        if not inspect.isfunction(value):
            return value

        def call(*args: object, **kwargs: object) -> object:
            _check_signature(name, value, args, kwargs)
            return value(*args, **kwargs)

        return call


def _check_signature(name: str, function: object, args: tuple, kwargs: dict) -> None:
    if not callable(function):
        raise LoadFailure(f"`{name}` is of type {type(function).__name__}, not a function")
    try:
        signature = inspect.signature(function)
        signature.bind(*args, **kwargs)
    except ValueError:  # a builtin without a signature
        return
    except TypeError as problem:
        code = getattr(function, "__code__", None)
        place = f"{code.co_filename}:{code.co_firstlineno}: " if code else ""
        raise BadSignature(
            f"{place}`{name}{signature}` cannot be called as the statement says "
            f"({problem}): take its signature back from the stub"
        ) from None


def _copied(args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    # `deepcopy` cannot copy random generators by itself: the memo does it beforehand.
    memo: dict[int, Any] = {}
    for value in (*args, *kwargs.values()):
        if isinstance(value, torch.Generator):
            memo[id(value)] = value.clone_state()
    return copy.deepcopy((args, kwargs), memo)
