"""The pytest plugin: options, fixtures, and the verdict on every test of an exercise."""

from __future__ import annotations

import inspect
import json
import math
import os
import platform
import time
import zlib
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pytest

from grader import hooks
from grader.catalog import ROOT, Exercise, find_exercises
from grader.deadline import DeadlineExceeded, deadline
from grader.explain import explain
from grader.kata import Kata, last_call
from grader.report import State, TestResult
from grader.seed import parse_seed
from grader.verdict import judge

if TYPE_CHECKING:
    from grader.isolated import Isolated
    from grader.server import Server

DEFAULT_SEED = 0
DEFAULT_DEADLINE = 10.0

_result = pytest.StashKey[TestResult]()
_kata = pytest.StashKey[Kata]()
_events = pytest.StashKey[IO[str]]()
_spent = pytest.StashKey[set[str]]()
_server: pytest.StashKey[Future[Server]] = pytest.StashKey()
_isolated: pytest.StashKey[Isolated] = pytest.StashKey()
_kept: pytest.StashKey[tuple[str, Isolated]] = pytest.StashKey()  # of which part, and what
_more_of_part = pytest.StashKey[bool]()
_end = pytest.StashKey[float]()  # when the run has to be over
_printed = pytest.StashKey[str]()
_OF_ONE_RUN: tuple[pytest.StashKey[Any], ...] = (_result, _kata, _isolated, _printed)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What is under test, where, and how it is held."""
    group = parser.getgroup("katas", "the code under test")
    group.addoption(
        "--subject",
        default="exercises",
        help="exercises (the learner's work, default), solutions, or a folder",
    )
    group.addoption("--device", default="cpu", choices=("cpu", "cuda"), help="where tensors live")
    group.addoption("--seed", default=str(DEFAULT_SEED), help="a number, or fresh")
    group.addoption(
        "--deadline",
        type=float,
        default=DEFAULT_DEADLINE,
        help="seconds that one test may take; 0 for no limit",
    )
    group.addoption("--isolate", action="store_true", help="run the subject in a sandbox")
    group.addoption(
        "--sandbox",
        default="auto",
        choices=("auto", "bubblewrap", "sandlock", "none"),
        help="what --isolate isolates with; none only limits resources",
    )
    group.addoption(
        "--proven",
        action="store_true",
        help="spare the trial of the sandbox: it was seen to hold on this machine a moment ago",
    )
    group.addoption("--overlay", type=Path, default=None, help="a file laid over the subject")
    group.addoption("--events", type=Path, default=None, help="write verdicts here as JSON lines")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """The hook that tells verdicts."""
    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Read the seed, and open the file of events."""
    config.addinivalue_line("markers", "part(title, points): one step of an exercise")
    try:
        config.option.seed = parse_seed(config.getoption("--seed"))
    except ValueError as problem:
        raise pytest.UsageError(str(problem)) from None
    begin_run(config)
    if path := config.getoption("--events"):
        config.stash[_events] = path.open("a", encoding="utf-8")


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the sandbox, and close the file of events."""
    end_kept(config)
    if (starting := config.stash.get(_server, None)) and not starting.exception():
        starting.result().stop()
    if stream := config.stash.get(_events, None):
        stream.close()


def pytest_report_header(config: pytest.Config) -> str:
    """One line on the conditions of the run."""
    options = config.option
    _require_sandbox(config)
    sandbox = f", sandbox {sandbox_of(config)}" if options.isolate else ""
    return (
        f"katas: subject {options.subject}, device {options.device}, seed {options.seed}{sandbox}"
    )


# -- fixtures ---------------------------------------------------------------------------------


@pytest.fixture
def kata(request: pytest.FixtureRequest) -> Kata:
    """The code under test, freshly loaded: `kata.f(...)` and `kata.run(observe, ...)`."""
    exercise = exercise_of(request.node)
    if exercise is None:
        pytest.fail(f"{request.node.nodeid} belongs to no exercise: tests/NN_slug/test_slug.py")
    files = subject_files(request.config, exercise)
    if _server in request.config.stash:
        subject = Kata(_isolate(request, files))
    else:
        from grader.subject import InProcess

        subject = Kata(InProcess(files, f"kata_{exercise.name}"))
    request.node.stash[_kata] = subject
    return subject


def _isolate(request: pytest.FixtureRequest, files: list[Path]) -> Isolated:
    from grader.isolated import Isolated

    config = request.config
    server = config.stash[_server].result()
    devices = ("cpu", "cuda") if config.option.device == "cuda" else ("cpu",)
    _, isolated = config.stash.get(_kept, ("", None))
    if isolated is None:
        isolated = Isolated(server, files, _limit(config), devices)
        config.stash[_kept] = _part(request.node), isolated
    request.addfinalizer(partial(_release, request.node))
    request.node.stash[_isolated] = isolated
    return isolated


def _release(item: pytest.Item) -> None:
    """Keep a worker for the next test of the same part; end it after the last."""
    isolated = item.stash[_isolated]
    kept = item.stash[_more_of_part] and isolated.alive
    printed = isolated.pause() if kept else end_kept(item.config)
    item.stash[_printed] = item.stash.get(_printed, "") + printed


def end_kept(config: pytest.Config) -> str:
    """End the worker that was kept, if any, and return what it printed."""
    _, isolated = config.stash.get(_kept, ("", None))
    if isolated is None:
        return ""
    del config.stash[_kept]
    return isolated.close()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random inputs: the same for the same test and `--seed`, others for every other test."""
    name = request.node.nodeid.rpartition("/")[2]
    seed = (request.config.option.seed, zlib.crc32(name.encode()))
    return np.random.default_rng(seed)


@pytest.fixture
def device(request: pytest.FixtureRequest):
    """The device that inputs live on, and results must come back on."""
    import torch

    return torch.device(request.config.option.device)


# -- which exercise, which files --------------------------------------------------------------


_EXERCISES = {exercise.name: exercise for exercise in find_exercises(ROOT)}


def exercise_of(item: pytest.Item) -> Exercise | None:
    """The exercise that a test belongs to, by its folder."""
    exercise = _EXERCISES.get(item.path.parent.name)
    return exercise if exercise and item.path == exercise.test_file else None


def subject_files(config: pytest.Config, exercise: Exercise) -> list[Path]:
    """The file under test, and the overlay if one is asked for."""
    choice = config.option.subject
    if choice in ("exercises", "solutions"):
        folder = ROOT / choice / exercise.name
    else:
        folder = Path(choice).resolve()
        if (folder / exercise.name).is_dir():
            folder = folder / exercise.name
    overlay = config.option.overlay
    return [folder / exercise.file_name, *([overlay.resolve()] if overlay else [])]


def begin_run(config: pytest.Config, seconds: float = math.inf) -> None:
    """Make ready for a subject, whose tests together may take so long."""
    config.stash[_spent] = set()
    config.stash[_end] = time.monotonic() + seconds


def sandbox_of(config: pytest.Config) -> str:
    """What keeps the subject apart from this process; empty if nothing does."""
    starting = config.stash.get(_server, None)
    return starting.result().name if starting else ""


# -- verdicts ---------------------------------------------------------------------------------


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the sandbox, and tell the conditions."""
    config = session.config
    distributes = config.pluginmanager.has_plugin("dsession")
    if config.option.isolate and not config.option.collectonly and not distributes:
        _start_sandbox(config)
    if _events in config.stash:
        _emit(config, event="session", versions=versions(), sandbox=sandbox_of(config))


def _start_sandbox(config: pytest.Config) -> None:
    """Have it start while tests are collected: each takes seconds, and neither needs the other."""
    from grader.sandbox import pick

    option, pool = config.option, ThreadPoolExecutor(1)
    config.stash[_server] = pool.submit(pick, option.sandbox, option.device, proven=option.proven)
    pool.shutdown(wait=False)


def _require_sandbox(config: pytest.Config) -> None:
    from grader.sandbox import NoSandbox

    try:
        sandbox_of(config)
    except NoSandbox as problem:
        raise pytest.UsageError(f"{problem}\n--sandbox none does without, at your risk") from None


def versions() -> dict[str, str]:
    """Of Python and the libraries that verdicts depend on."""
    names = ("torch", "numpy", "scikit-learn", "pytest")
    return {"python": platform.python_version()} | {n: metadata.version(n) for n in names}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell that all tests have run."""
    _emit(session.config, event="finish")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell which tests there are, so that none is missed."""
    _require_sandbox(session.config)
    tests = [[e.name, identify(item)] for item in session.items if (e := exercise_of(item))]
    _emit(session.config, event="collected", tests=tests)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Tell of a test file that cannot be read."""
    report = yield
    if report.failed:
        _emit(collector.config, event="broken", file=report.nodeid, message=report.longreprtext)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Tell that a test begins, with nothing left of an earlier run of it."""
    item.stash[_more_of_part] = nextitem is not None and _part(nextitem) == _part(item)
    if item.config.stash.get(_kept, ("", None))[0] != _part(item):
        end_kept(item.config)
    # What an earlier run of this test, on another subject, left here.
    for key in _OF_ONE_RUN:
        if key in item.stash:
            del item.stash[key]
    item._report_sections.clear()
    if exercise := exercise_of(item):
        _emit(
            item.config,
            event="start",
            exercise=exercise.name,
            id=identify(item),
            requirement=_requirement(item),
        )
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test of an exercise within its time, and judge how it ended."""
    exercise = exercise_of(item)
    if exercise is None:
        return (yield)
    spent = item.config.stash[_spent]
    part = _part(item)
    # An isolated submission is ended from outside, and what the grader itself takes is not its.
    limit = 0 if _isolated in item.stash else _limit(item.config)
    began = time.perf_counter()
    problem: BaseException | None = None
    try:
        if part in spent:
            raise DeadlineExceeded("not run: an earlier test of this part ran out of time")
        if time.monotonic() > item.config.stash[_end]:
            raise DeadlineExceeded("not run: the tests before took all the time that there is")
        with deadline(limit):
            yield
    except BaseException as caught:
        problem = caught
    if _isolated in item.stash:
        _release(item)
    seconds = round(time.perf_counter() - began, 4)
    result = item.stash[_result] = _judge(item, exercise, problem, seconds)
    if isinstance(problem, DeadlineExceeded):
        spent.add(part)
    if problem is None:
        return None
    if item.config.option.usepdb or isinstance(problem, KeyboardInterrupt):
        raise problem
    # The words are all that is shown: spare pytest the traceback, a tenth of a second each.
    raise pytest.fail.Exception(_words(result), pytrace=False) from None


def _words(result: TestResult) -> str:
    return "\n".join([f"{result.state}", *explain(result)])


def _judge(
    item: pytest.Item, exercise: Exercise, problem: BaseException | None, seconds: float
) -> TestResult:
    call, answered = last_call(item.stash.get(_kata, None))
    result = judge(
        problem,
        test_id=identify(item),
        requirement=_requirement(item),
        call=call,
        answered=answered,
        files=subject_files(item.config, exercise),
        seconds=seconds,
    )
    return replace(result, message=_relative(result.message), where=_relative(result.where))


def _limit(config: pytest.Config) -> float:
    return 0 if config.option.usepdb else config.option.deadline


def _requirement(item: Any) -> str:
    return " ".join((inspect.getdoc(item.obj) or "").split())


def _relative(text: str) -> str:
    """Paths below the repository as a learner would type them."""
    return text.replace(f"{ROOT}{os.sep}", "")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the verdict in place of pytest's own outcome."""
    report = yield
    exercise = exercise_of(item)
    if exercise is None:
        return report
    if call.when == "call" or (call.when == "setup" and not report.passed):
        result = item.stash.get(_result, None) or _judge(
            item, exercise, call.excinfo.value if call.excinfo else None, 0.0
        )
        output = "".join(text for name, text in report.sections if "Captured std" in name)
        output += item.stash.get(_printed, "")
        result = replace(result, output=output[-2000:])
        item.config.hook.pytest_kata_verdict(item=item, result=result)
        if result.state is not State.DONE:
            report.outcome = "failed"
            report.longrepr = _words(result)
    return report


def pytest_kata_verdict(item: pytest.Item, result: TestResult) -> None:
    """Write the verdict among the events."""
    _emit(item.config, event="result", exercise=item.path.parent.name, test=asdict(result))


def _part(item: pytest.Item) -> str:
    """The class that a test stands in: one part of its exercise."""
    return item.parent.nodeid if item.parent else ""


def identify(item: pytest.Item) -> str:
    """`Class::test[parameters]`: a test's name within its exercise."""
    return item.nodeid.partition("::")[2]


def _emit(config: pytest.Config, **event: object) -> None:
    if stream := config.stash.get(_events, None):
        stream.write(json.dumps(event) + "\n")
        stream.flush()
