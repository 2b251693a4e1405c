"""The fixture `kata`: the code under test, as a test sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from grader.describe import describe_call


class Transport(Protocol):
    """Carries requests to a submission and brings data back."""

    def call(self, name: str, args: tuple, kwargs: dict) -> Any: ...

    def run(self, probe: Callable, args: tuple, kwargs: dict) -> Any: ...


class Kata:
    """Calls into one submission and remembers the last call, for the message of a failure.

    `kata.f(...)` calls the submission's function `f`; `kata.run(observe, ...)` runs
    `observe(kata, ...)` beside the submission. Both return data only.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._call = ""
        self._answered = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: object, **kwargs: object) -> Any:
            __tracebackhide__ = True
            self._begin(name, args, kwargs)
            result = self._transport.call(name, args, kwargs)
            self._answered = True
            return result

        return call

    def run(self, observe: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        """Run `observe(kata, *args, **kwargs)` beside the submission; its result is data."""
        __tracebackhide__ = True
        self._begin(observe.__name__, args, kwargs)
        result = self._transport.run(observe, args, kwargs)
        self._answered = True
        return result

    def _begin(self, name: str, args: tuple, kwargs: dict) -> None:
        self._call = describe_call(name, args, kwargs)
        self._answered = False


def last_call(kata: Kata | None) -> tuple[str, bool]:
    """The last request in words, and whether it was answered."""
    return ("", False) if kata is None else (kata._call, kata._answered)
