"""An end to runaway code in this process, as far as one process can end itself.

A signal interrupts Python code and is sent again until it is heeded; a hang
inside a library call outlasts it, and is ended from outside (`grader.runner`).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_REPEAT = 0.1  # seconds after which a swallowed interruption is sent again


class DeadlineExceeded(BaseException):
    """The submission gave no answer in time. Not an `Exception`, so that few handlers eat it."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `DeadlineExceeded` in the block after `seconds`; 0 means no limit."""
    usable = hasattr(signal, "SIGALRM") and (threading.current_thread() is threading.main_thread())
    if not usable or seconds <= 0:
        yield
        return

    def interrupt(_signal: int, _frame: object) -> None:
        raise DeadlineExceeded(f"no answer within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, _REPEAT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
