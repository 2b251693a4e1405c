"""From the exception that ended a test to a verdict in a learner's words."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path

import pytest

from grader.codec import NotData
from grader.compare import Mismatch
from grader.deadline import DeadlineExceeded
from grader.failures import Crashed, IsolationFailure, Origin
from grader.loader import LoadFailure
from grader.report import State, TestResult
from grader.subject import BadSignature

_MESSAGE_LINES = 4


def judge(
    problem: BaseException | None,
    *,
    test_id: str,
    requirement: str,
    call: str,
    answered: bool,
    files: Sequence[Path],
    seconds: float,
    output: str = "",
) -> TestResult:
    """The result of a test that ended with `problem`, or passed if that is None.

    Parameters
    ----------
    call, answered : str, bool
        The last call into the submission, and whether it came back.
    files : sequence of Path
        The submission's files: frames in them are the submission's own.
    """
    where = _where(problem, files)
    facts: dict = {"call": call, "where": where, "output": output}
    if problem is None:
        state, facts = State.DONE, {}
    elif isinstance(problem, NotImplementedError):
        state, facts = State.NOT_STARTED, {"message": str(problem), "where": where}
    elif isinstance(problem, DeadlineExceeded):
        state = State.TIMED_OUT
        facts |= {"cause": "deadline", "message": str(problem)}
    elif isinstance(problem, Crashed):
        state = State.CRASHED
        facts |= {"cause": "exit", "message": str(problem)}
    elif isinstance(problem, IsolationFailure):
        state = State.ERROR
        facts |= {"cause": "grader", "message": str(problem)}
    elif isinstance(problem, Mismatch):
        state = State.WRONG
        facts |= {"cause": "mismatch", "got": problem.got, "expected": problem.expected}
    elif isinstance(problem, LoadFailure | BadSignature | NotData):
        state = State.WRONG
        facts |= {"cause": "load", "message": str(problem)}
    elif isinstance(problem, pytest.fail.Exception):
        state = State.WRONG
        facts |= {"cause": "assertion", "message": _did_not_raise(str(problem))}
    elif isinstance(problem, AssertionError) and not where:
        state = State.WRONG
        facts |= {"cause": "assertion", "message": _assertion(problem)}
    elif where or (call and not answered):
        state = State.WRONG
        facts |= {"cause": "raised", "message": f"raised {_one_line(problem)}"}
    elif answered and isinstance(problem, Exception):
        state = State.WRONG
        text = f"what came back cannot be used as required: {_one_line(problem)}"
        facts |= {"cause": "unusable", "message": text}
    else:
        state = State.ERROR
        text = "".join(traceback.format_exception(problem)[-3:])
        facts |= {"cause": "grader", "message": text}
    return TestResult(test_id, state, requirement, seconds=seconds, **facts)


def _where(problem: BaseException | None, files: Sequence[Path]) -> str:
    """`file:line` of the submission's innermost frame, or empty."""
    if problem is None:
        return ""
    if origin := Origin.of(problem):
        return origin.where
    own = {str(path) for path in files}
    frames = [f for f in traceback.extract_tb(problem.__traceback__) if f.filename in own]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def _one_line(problem: BaseException) -> str:
    text = " ".join(str(problem).split())
    text = text if len(text) <= 300 else text[:297] + "..."
    origin = Origin.of(problem)
    name = origin.type_name if origin else type(problem).__name__
    return f"{name}: {text}" if text else name


def _did_not_raise(text: str) -> str:
    name = text.rpartition(" ")[2].strip("<>'").rpartition(".")[2]
    return f"no error was raised; expected {name}" if "DID NOT RAISE" in text else text


def _assertion(problem: AssertionError) -> str:
    """The sentence given to `assert`, or what pytest makes of a bare one."""
    lines = [line for line in str(problem).splitlines() if line.strip()]
    if lines and not lines[0].startswith("assert "):
        lines = [line for line in lines if not line.startswith(("assert ", " +"))]
    return "\n".join(lines[:_MESSAGE_LINES]) or "the requirement does not hold"
