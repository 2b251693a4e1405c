"""The code under test, in this process.

A subject answers two requests, `call` and `run`, with data. What goes in is
copied and what comes out is rebuilt, exactly as if the code lived in another
process: a test cannot come to depend on sharing memory with a submission.
"""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from grader.codec import plain
from grader.loader import LoadFailure, Subject, load


class BadSignature(Exception):
    """A function of the submission cannot be called as the statement says."""


class InProcess:
    """A submission loaded into this process; plain tracebacks, and a debugger works."""

    def __init__(self, paths: Sequence[Path], name: str) -> None:
        self._names = load(paths, name)

    def call(self, name: str, args: tuple, kwargs: dict) -> object:
        """Call one function of the submission and return its result as data."""
        function = getattr(self._names, name)
        args, kwargs = copy.deepcopy((args, kwargs), _generators(args, kwargs))
        _check_signature(name, function, args, kwargs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plain(function(*args, **kwargs))

    def run(self, probe: Callable, args: tuple, kwargs: dict) -> object:
        """Call `probe(names, *args, **kwargs)` beside the submission; its result is data."""
        args, kwargs = copy.deepcopy((args, kwargs), _generators(args, kwargs))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plain(probe(_Checked(self._names), *args, **kwargs))


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
        raise LoadFailure(f"`{name}` is a {type(function).__name__}, not a function")
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


def _generators(args: tuple, kwargs: dict) -> dict[int, object]:
    """A memo for `deepcopy`, which cannot copy random generators by itself."""
    memo: dict[int, object] = {}
    for value in (*args, *kwargs.values()):
        if isinstance(value, torch.Generator):
            memo[id(value)] = value.clone_state()
    return memo
