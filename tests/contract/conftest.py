"""What the contract tests share: one warm trial server at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from exercises import EXERCISES, for_exercise
from grader.catalog import Exercise
from grader.trials import Server


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `exercise` once for each, all of one exercise on one worker."""
    if "exercise" in metafunc.fixturenames and "case" not in metafunc.fixturenames:
        metafunc.parametrize("exercise", [for_exercise(e) for e in EXERCISES.values()])


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[Exercise], Server]]:
    """A function that gives the server of an exercise, and ends the one before."""
    live: dict[str, Server] = {}

    def server_of(exercise: Exercise) -> Server:
        if exercise.name not in live:
            for name in list(live):
                live.pop(name).close()
            live[exercise.name] = Server(exercise)
        return live[exercise.name]

    yield server_of
    for server in live.values():
        server.close()


@pytest.fixture
def server(exercise: Exercise, servers: Callable[[Exercise], Server]) -> Server:
    """The warm trial server of the exercise under test."""
    return servers(exercise)


@pytest.fixture(scope="session")
def isolated() -> Iterator[Server]:
    """A trial server of all exercises whose subjects run in a sandbox."""
    with Server(*EXERCISES.values(), options=["--isolate"]) as server:
        yield server
