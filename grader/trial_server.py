"""The server of `grader.trials`: a pytest plugin that serves trials in place of pytest's loop."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from grader.report import State, TestResult

_verdict = pytest.StashKey[TestResult]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--trials", default="", help="serve trials over these file descriptors")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if not session.config.option.trials or not session.items:
        return None
    requests, answers = (int(number) for number in session.config.option.trials.split(","))
    with (
        os.fdopen(requests, "r", encoding="utf-8") as stream,
        os.fdopen(answers, "w", encoding="utf-8") as reply,
    ):
        for line in stream:
            trial = json.loads(line)
            reply.write(json.dumps(_in_fork(session, trial)) + "\n")
            reply.flush()
    return True


def pytest_kata_verdict(item: pytest.Item, result: TestResult) -> None:
    item.config.stash[_verdict] = result


def _in_fork(session: pytest.Session, trial: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.close(reading)
        with os.fdopen(writing, "w", encoding="utf-8") as stream:
            _judge(session, trial, stream)
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
    return {"tests": [json.loads(x) for x in lines if x.startswith("{")], "ending": ending}


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


def _judge(session: pytest.Session, trial: dict[str, Any], stream: Any) -> None:
    option = session.config.option
    option.subject, option.seed, option.deadline = (
        trial["subject"],
        trial["seed"],
        trial["deadline"],
    )
    option.overlay = Path(trial["overlay"]) if trial["overlay"] else None
    items = _select(session.items, trial["parts"])
    for i, item in enumerate(items):
        following = items[i + 1] if i + 1 < len(items) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        result = session.config.stash[_verdict]
        stream.write(json.dumps(asdict(result)) + "\n")
        stream.flush()
        if trial["stop"] and result.state is not State.DONE:
            break
    stream.write("end\n")


def _select(items: Sequence[Any], parts: Sequence[str]) -> list[Any]:
    if not parts:
        return list(items)
    rank = {name: i for i, name in enumerate(parts)}
    chosen = [item for item in items if item.cls.__name__ in rank]
    return sorted(chosen, key=lambda item: rank[item.cls.__name__])
