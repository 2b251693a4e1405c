"""The server of `grader.trials`: a pytest plugin that serves trials in place of pytest's loop.

A subject in this process is judged in a fork, which it may break. An isolated one
cannot reach this process, so its tests run here, one trial after the other.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from grader.libraries import OF_TESTS, import_all
from grader.report import State, TestResult

_verdict = pytest.StashKey[TestResult]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--trials", default="", help="serve trials over these file descriptors")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if not session.config.option.trials or not session.items:
        return None
    requests, answers = (int(number) for number in session.config.option.trials.split(","))
    isolated = session.config.option.isolate
    serve = _in_place if isolated else _in_fork
    if not isolated:
        import_all(OF_TESTS)
    with (
        os.fdopen(requests, "r", encoding="utf-8") as stream,
        os.fdopen(answers, "w", encoding="utf-8") as reply,
    ):
        for line in stream:
            reply.write(json.dumps(serve(session, json.loads(line))) + "\n")
            reply.flush()
    return True


def pytest_kata_verdict(item: pytest.Item, result: TestResult) -> None:
    item.config.stash[_verdict] = result


def _in_place(session: pytest.Session, trial: dict[str, Any]) -> dict[str, Any]:
    results: list[TestResult] = []
    _judge(session, trial, results.append)
    return {"tests": [asdict(result) for result in results], **_conditions(session)}


def _in_fork(session: pytest.Session, trial: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.close(reading)
        _judge_into(session, trial, writing)
        os._exit(0)
    os.close(writing)
    lines, ending = _gather(reading, time.monotonic() + trial["limit"])
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    complete = bool(lines) and lines[-1] == "end"
    if not complete and not ending:
        ending = "the process died"
    tests = [json.loads(line) for line in lines if line.startswith("{")]
    return {"tests": tests, "ending": ending, **_conditions(session)}


def _judge_into(session: pytest.Session, trial: dict[str, Any], descriptor: int) -> None:
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:

        def write(result: TestResult) -> None:
            stream.write(json.dumps(asdict(result)) + "\n")
            stream.flush()

        _judge(session, trial, write)
        stream.write("end\n")


def _gather(descriptor: int, limit: float) -> tuple[list[str], str]:
    chunks, ending = [], ""
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, limit - time.monotonic()))
        if not ready:
            ending = "the trial ran out of time"
            break
        if not (chunk := os.read(descriptor, 1 << 16)):
            break
        chunks.append(chunk)
    os.close(descriptor)
    return b"".join(chunks).decode(errors="replace").splitlines(), ending


def _judge(
    session: pytest.Session, trial: dict[str, Any], tell: Callable[[TestResult], None]
) -> None:
    option = session.config.option
    option.subject, option.seed = trial["subject"], trial["seed"]
    option.deadline = trial["deadline"]
    option.overlay = Path(trial["overlay"]) if trial["overlay"] else None
    plugin = _plugin()
    plugin.begin_run(session.config, trial["limit"])
    items = _select(session.items, trial)
    for item, following in itertools.pairwise([*items, None]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        result = session.config.stash[_verdict]
        tell(result)
        if trial["stop"] and result.state is not State.DONE:
            break
    plugin.end_kept(session.config)


def _select(items: list[Any], trial: dict[str, Any]) -> list[Any]:
    name, parts = trial["exercise"], trial["parts"]
    if name:
        items = [item for item in items if item.path.parent.name == name]
    if not parts:
        return list(items)
    rank = {part: i for i, part in enumerate(parts)}
    chosen = [item for item in items if item.cls.__name__ in rank]
    return sorted(chosen, key=lambda item: rank[item.cls.__name__])


def _conditions(session: pytest.Session) -> dict[str, Any]:
    plugin = _plugin()
    return {"sandbox": plugin.sandbox_of(session.config), "versions": plugin.versions()}


def _plugin() -> Any:
    # Imported late: pytest rewrites the assertions of plugins when it loads them itself.
    from grader import plugin

    return plugin
