"""A sandbox is trusted because an intruder was seen to fail in it, and for no other reason."""

from __future__ import annotations

import contextlib
import importlib.util
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sandboxes

from grader import canaries, launch, sandbox
from grader.canaries import harms
from grader.confine import Plan
from grader.failures import IsolationFailure
from grader.isolated import Isolated
from grader.sandbox import NoSandbox, pick
from grader.server import Server


def test_an_intruder_achieves_nothing(server: Server) -> None:
    """In a sandbox that this machine has, every attempt at harm fails."""
    assert harms(server) == []


def test_the_intruder_bites(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a sandbox it does all the harm that limits alone do not prevent."""
    monkeypatch.setattr(canaries, "PROCESSES", 40)
    with sandbox.none() as server:
        assert harms(server) == [
            "read a file",
            "write a file",
            "connect to a socket by its path",
            "read the memory of a process",
            "end a process",
            "connect to a socket by its name",
            "connect over TCP",
            "send over UDP",
            "start 40 processes",
        ]


@pytest.mark.skipif(sys.platform != "linux", reason="sandboxes need Linux")
def test_this_machine_has_a_sandbox() -> None:
    """At least one sandbox can be had here, or nothing of the above was tested."""
    assert not all(sandboxes.lacks(name) for name in sandboxes.MAKERS)


class _Fake:
    """Stands for a server that starts, or does not."""

    def __init__(self, name: str, problem: str = "") -> None:
        self.name, self.problem, self.stopped = name, problem, False

    def worker(self) -> _Fake:
        if self.problem:
            raise IsolationFailure(self.problem)
        return self

    def close(self) -> None:
        pass

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let `pick` choose among fakes, of which some let an intruder do harm."""

    def build(*fakes: _Fake, harmful: str = "") -> None:
        monkeypatch.setattr(sandbox, "MAKERS", [(f.name, lambda device, f=f: f) for f in fakes])
        found = {harmful: ["read a file", "end a process"]}
        monkeypatch.setattr(sandbox, "harms", lambda server: found.get(server.name, []))

    return build


def test_the_first_that_holds_is_picked(offer: Callable[..., None]) -> None:
    """One that cannot start, or lets an intruder do harm, gives way to the next."""
    broken, leaky, good = _Fake("a", "no bwrap"), _Fake("b"), _Fake("c")
    offer(broken, leaky, good, harmful="b")
    assert pick("auto") is good
    assert (broken.stopped, leaky.stopped, good.stopped) == (True, True, False)


def test_none_is_never_picked_unasked(offer: Callable[..., None]) -> None:
    """Without a sandbox that holds, the reasons are told; running bare must be asked for."""
    bare = _Fake("none")
    offer(_Fake("bubblewrap", "no bwrap"), _Fake("sandlock"), bare, harmful="sandlock")
    with pytest.raises(NoSandbox) as caught:
        pick("auto")
    assert "no bwrap" in str(caught.value)
    assert "sandlock: a submission could read a file, end a process" in str(caught.value)
    assert pick("none") is bare


def test_only_the_kind_asked_for_is_tried(offer: Callable[..., None]) -> None:
    """Who asks for one sandbox does not get another."""
    offer(_Fake("bubblewrap", "no bwrap"), _Fake("sandlock"))
    with pytest.raises(NoSandbox, match="no bwrap"):
        pick("bubblewrap")


def test_what_is_proven_is_not_tried_again(offer: Callable[..., None]) -> None:
    """A sandbox that was seen to hold a moment ago starts without the trial."""
    leaky = _Fake("sandlock")
    offer(leaky, harmful="sandlock")
    assert pick("sandlock", proven=True) is leaky


def test_an_unknown_kind_is_refused() -> None:
    """A slip in the kind is no reason to run without a sandbox."""
    with pytest.raises(ValueError, match="expected one of auto, bubblewrap"):
        pick("bublewrap")


def test_the_repository_must_not_lie_among_the_libraries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A repository inside a folder that submissions can read is refused."""
    monkeypatch.setattr(launch, "ROOT", Path(importlib.util.find_spec("torch").origin).parent)
    with pytest.raises(IsolationFailure, match="move it"):
        launch.readable("cpu")


def test_a_server_gets_no_more_modules_than_it_needs() -> None:
    """What is sent into the sandbox imports itself, NumPy, torch and the standard library."""
    program = "import sys, grader.worker; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    modules = set(done.stdout.split())
    own = {name for name in modules if name.startswith("grader.")}
    assert own == {f"grader.{name}" for name in launch.MODULES}
    assert not modules & {"sklearn", "pytest", "cloudpickle", "sandlock"}


def test_a_server_without_a_grader_ends(tmp_path: Path) -> None:
    """When the grader is killed outright, its sandbox ends too, and leaves no folder behind."""
    name = sandbox_here()
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from grader import sandbox\n"
        "from grader.isolated import Isolated\n"
        f"server = sandbox.{name}()\n"
        "subject = Isolated(server, [Path(sys.argv[1])])\n"
        "print(subject.call('start', (), {}), server._folder, flush=True)\n"
        "time.sleep(100)\n"
    )
    submission = tmp_path / "submission.py"
    submission.write_text(
        "import ctypes, os, time\n"
        "def start():\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        ctypes.CDLL(None).prctl(15, b'orphan', 0, 0, 0)\n"
        "        time.sleep(100)\n"
        "    return 1\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-c", program, str(submission)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as grader:
        answer, folder = grader.stdout.readline().split()
        assert answer == "1"
        assert _soon(lambda: _orphans() == 1)
        grader.kill()
    assert _soon(lambda: _orphans() == 0)
    assert _soon(lambda: not Path(folder).exists())


def sandbox_here() -> str:
    """The name of a sandbox's maker that this machine can use."""
    if not sandboxes.lacks("bubblewrap"):
        return sandboxes.BUBBLEWRAP.__name__
    return "sandlock" if not sandboxes.lacks("sandlock") else "none"


def _soon(condition: Callable[[], bool]) -> bool:
    limit = time.monotonic() + 20
    while not condition() and time.monotonic() < limit:
        time.sleep(0.05)
    return condition()


def _orphans() -> int:
    names = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            names.append(path.read_text().strip())
    return names.count("orphan")


def test_limits_are_set_for_the_processor_only() -> None:
    """On a GPU the address space is left alone: drivers map far more than any limit."""
    assert sandbox._plan("cpu").address_space == Plan().address_space > 0
    assert sandbox._plan("cuda").address_space == 0


READS_ALL = """
from pathlib import Path

def find(token):
    found = []
    for kind in ("cmdline", "environ"):
        for path in Path("/proc").glob(f"[0-9]*/{kind}"):
            try:
                found += [kind] * (token in path.read_text())
            except OSError:
                pass
    return found
"""


@pytest.mark.parametrize("name", sandboxes.EACH)
def test_a_gpu_opens_no_more_than_itself(name: str, tmp_path: Path) -> None:
    """What a driver has to read shows nothing of other processes, and no wall is thinner."""
    if reason := sandboxes.lacks(name, "cuda"):
        pytest.skip(f"no {name} here: {reason}")
    submission = tmp_path / "submission.py"
    submission.write_text(READS_ALL, encoding="utf-8")
    token = secrets.token_hex()
    waits = [sys.executable, "-c", "import time; time.sleep(60)", token]
    with (
        sandboxes.MAKERS[name]("cuda") as server,
        subprocess.Popen(waits, env={"TOKEN": token}) as bystander,
    ):
        subject = Isolated(server, [submission])
        found = subject.call("find", (token,), {})
        subject.close()
        bystander.kill()
        assert found == []
        assert harms(server) == []


def test_a_submission_of_another_user_is_read_by_the_grader(server: Server, tmp_path: Path) -> None:
    """A file that only the grader may read is judged all the same: its text is sent."""
    path = tmp_path / "submission.py"
    path.write_text("def f(): return 1", encoding="utf-8")
    path.chmod(0o400)
    subject = Isolated(server, [path])
    assert subject.call("f", (), {}) == 1
    subject.close()
