"""A submission in a worker: the same answers as beside the tests, and no way out."""

from __future__ import annotations

import os
import re
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from grader.codec import NotData
from grader.deadline import DeadlineExceeded
from grader.failures import Crashed, IsolationFailure, Origin, SubmissionError
from grader.isolated import MAX_TEXT, Isolated
from grader.kata import Kata
from grader.loader import LoadFailure
from grader.server import MAX_OUTPUT, Server
from grader.subject import BadSignature

Submit = Callable[..., Isolated]
FACTOR = 3.0


@pytest.fixture
def submit(server: Server, tmp_path: Path) -> Iterator[Submit]:
    """Put `source` into a worker of its own."""
    open_ones: list[Isolated] = []

    def build(source: str, seconds: float = 20.0) -> Isolated:
        path = tmp_path / f"submission_{len(open_ones)}.py"
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        open_ones.append(Isolated(server, [path], seconds))
        return open_ones[-1]

    yield build
    for subject in open_ones:
        subject.close()


def call(subject: Isolated, name: str, *args: object, **kwargs: object) -> object:
    return subject.call(name, args, kwargs)


@pytest.fixture
def unharmed(submit: Submit) -> Iterator[None]:
    """Whatever the test did, the next worker must answer, and tell the truth."""
    yield
    assert call(submit("def double(x): return 2 * x"), "double", 21) == 42


# -- the same as in process -------------------------------------------------------------------


def test_a_call_returns_data(submit: Submit) -> None:
    """Arguments go in, the result comes back as data."""
    subject = submit("def add(a, *, b): return {'sum': a + b, 'shape': tuple(a.shape)}")
    result = call(subject, "add", torch.ones(2), b=torch.tensor([0.5, 1.0]))
    assert result["sum"].tolist() == [1.5, 2.0]
    assert result["shape"] == (2,)


def _scale(value: torch.Tensor) -> torch.Tensor:
    return FACTOR * value


def test_a_probe_brings_what_it_needs(submit: Submit) -> None:
    """A probe, its helpers and the globals that it uses cross by value."""
    subject = submit("def square(x): return x ** 2")
    offset = torch.tensor(0.5)

    def observe(kata, x):
        x.requires_grad_()
        (_scale(kata.square(x)) + offset).sum().backward()
        return x.grad

    result = subject.run(observe, (torch.tensor([1.0, 2.0]),), {})
    assert result.tolist() == [6.0, 12.0]


def test_models_and_generators_go_in(submit: Submit) -> None:
    """Anything that can be pickled may be an input, classes of the tests included."""

    class Twice(torch.nn.Module):
        def forward(self, x):
            return 2 * x

    subject = submit("def use(model, g, rng): return model(g.device.type == 'cpu'), rng.random()")
    rng = np.random.default_rng(7)
    expected = np.random.default_rng(7).random()
    assert call(subject, "use", Twice(), torch.Generator(), rng) == (2, expected)
    assert rng.random() == expected, "the test's own generator must not have moved"


def test_inputs_are_copies(submit: Submit) -> None:
    """What a submission does to its inputs, the test does not see."""
    subject = submit("def spoil(x): x.zero_()")
    x = torch.ones(2)
    call(subject, "spoil", x)
    assert x.tolist() == [1.0, 1.0]


def test_a_module_lasts_for_a_test_and_a_process_for_a_part(submit: Submit) -> None:
    """Calls of one test share a module, tests of one part a process, and parts nothing."""
    source = """
        import torch
        seen, torch.kept = [], [*getattr(torch, "kept", []), 1]
        def count(): seen.append(1); return len(seen), len(torch.kept)
    """
    first, second = submit(source), submit(source)
    counts = [call(first, "count"), call(first, "count")]
    first.pause()
    counts += [call(first, "count"), call(second, "count")]
    assert counts == [(1, 1), (2, 1), (1, 2), (1, 1)]


def test_what_a_test_has_loaded_goes_before_the_next(submit: Submit) -> None:
    """Threads and memory of a module end with its test, though the process goes on."""
    subject = submit("""
        from concurrent.futures import ThreadPoolExecutor
        import numpy as np
        POOL, TABLE = ThreadPoolExecutor(8), np.ones(40_000_000)
        def f(): return sum(POOL.map(int, range(8))), len(TABLE)
    """)
    for _ in range(20):
        assert call(subject, "f") == (28, 40_000_000)
        subject.pause()


def test_an_answer_ahead_of_its_question_ends_the_worker(submit: Submit) -> None:
    """What was sent after a test's last answer is no answer to the next test."""
    subject = submit("""
        import os, struct, threading, time
        from grader.codec import encode
        def send():
            time.sleep(0.1)
            answer = encode(("value", None))
            os.write(3, struct.pack("<Q", len(answer)) + answer)
        def f(): threading.Thread(target=send).start(); return 1
    """)
    assert call(subject, "f") == 1
    subject.pause()
    time.sleep(0.3)
    with pytest.raises(Crashed, match="before it was asked"):
        call(subject, "f")
    assert not subject.alive


def test_later_files_replace_names(server: Server, tmp_path: Path) -> None:
    """An overlay is laid over the submission."""
    (tmp_path / "base.py").write_text("def f(): return 1\ndef g(): return f()", encoding="utf-8")
    (tmp_path / "over.py").write_text("def f(): return 2", encoding="utf-8")
    subject = Isolated(server, [tmp_path / "base.py", tmp_path / "over.py"])
    assert call(subject, "g") == 2
    subject.close()


def test_its_source_can_be_inspected(submit: Submit) -> None:
    """Tools that read a function's source find it, though there is no file."""
    subject = submit("import inspect\ndef f(): return inspect.getsource(f)")
    assert "getsource" in call(subject, "f")


def test_one_broken_function_leaves_the_rest(submit: Submit) -> None:
    """A syntax error costs the function that holds it, and says where."""
    subject = submit("def bad(x:\n    return x\n\ndef good(): return 1\n")
    with pytest.raises(LoadFailure, match=r"submission_0\.py:1"):
        call(subject, "bad", 1)
    assert call(subject, "good") == 1


def test_a_missing_function_is_said_so(submit: Submit) -> None:
    """A name that is not there is a load failure."""
    with pytest.raises(LoadFailure, match="does not define `gone`"):
        call(submit("x = 1"), "gone")


def test_a_missing_file_is_said_so(server: Server, tmp_path: Path) -> None:
    """A submission without a file is a load failure."""
    subject = Isolated(server, [tmp_path / "none.py"])
    with pytest.raises(LoadFailure, match="does not exist"):
        call(subject, "f")
    subject.close()


def test_another_signature_is_said_so(submit: Submit) -> None:
    """A function that takes other arguments is not called, be it by a probe."""
    subject = submit("def f(a): return a")
    with pytest.raises(BadSignature, match=r"f\(a\)"):
        call(subject, "f", 1, 2)
    with pytest.raises(BadSignature, match=r"f\(a\)"):
        subject.run(lambda kata: kata.f(), (), {})


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ("lambda: 0", "not data"),
        ("[object()]", r"at \[0\]"),
        ("torch.zeros(2 ** 27)", "bytes"),
        ("[0] * 200_000", "items"),
    ],
)
def test_what_is_not_data_is_said_so(submit: Submit, result: str, reason: str) -> None:
    """A result that cannot be judged is refused in words."""
    with pytest.raises(NotData, match=reason):
        call(submit(f"import torch\ndef f(): return {result}"), "f")


def test_not_started_is_told_apart(submit: Submit) -> None:
    """NotImplementedError crosses as itself, with its place."""
    with pytest.raises(NotImplementedError, match="Part 1") as caught:
        call(submit("def f():\n    raise NotImplementedError('Part 1')"), "f")
    assert Origin.of(caught.value).where.endswith("submission_0.py:2")


def test_builtin_exceptions_cross(submit: Submit) -> None:
    """`pytest.raises` works: type, text and the type's own name are kept."""
    subject = submit("""
        class Refused(ValueError): pass
        def f(x): raise Refused(f"x is {x}; expected more")
        def g(): return {}["absent"]
    """)
    with pytest.raises(ValueError, match="x is 3; expected") as caught:
        call(subject, "f", 3)
    assert Origin.of(caught.value).type_name == "Refused"
    assert Origin.of(caught.value).where.endswith("submission_0.py:3")
    with pytest.raises(KeyError, match=r"^'absent'$"):
        call(subject, "g")


@pytest.mark.parametrize(
    "source",
    [
        "raise SystemExit(0)",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
        "raise StopIteration",
        "raise BaseExceptionGroup('all', [KeyboardInterrupt()])",
        "import pytest; pytest.skip('no')",
        "import pytest; pytest.exit('no')",
        "import pytest; pytest.xfail('no')",
        "import _pytest.outcomes; raise _pytest.outcomes.Exit('no')",
        "import unittest; raise unittest.SkipTest",
    ],
)
def test_nothing_ends_a_test_but_as_a_failure(submit: Submit, source: str) -> None:
    """Exceptions that steer the tests, or the interpreter, arrive as plain failures."""
    with pytest.raises(SubmissionError):
        call(submit(f"def f():\n    {source}"), "f")


def test_hostile_exceptions_arrive(submit: Submit) -> None:
    """An exception with a vast text and strange names is cut down to size."""
    subject = submit("""
        E = type("E\\n" * 50, (ValueError,), {"__str__": lambda self: "\\ud800" + "x" * 10**6})
        def f(): raise E()
    """)
    with pytest.raises(ValueError, match=r"^\?x+$") as caught:
        call(subject, "f")
    assert len(str(caught.value)) <= MAX_TEXT
    assert Origin.of(caught.value).type_name == "Exception"


def test_warnings_are_ignored(submit: Submit) -> None:
    """A warning is no failure."""
    assert call(submit("import warnings\ndef f(): warnings.warn('hm'); return 1"), "f") == 1


def test_what_is_printed_is_kept(submit: Submit) -> None:
    """Standard output and error come back apart from the answers, in order."""
    subject = submit("""
        import os, sys
        print("loaded")
        def f():
            print("one"); print("two", file=sys.stderr); os.write(1, b"three\\n"); return 1
    """)
    assert call(subject, "f") == 1
    assert subject.close() == "loaded\none\ntwo\nthree\n"


def test_noise_costs_nothing(submit: Submit) -> None:
    """A flood of output is cut to its end, and the answer still counts."""
    subject = submit("""
        def f():
            for i in range(300_000): print("noise", i)
            return 1
    """)
    assert call(subject, "f") == 1
    printed = subject.close()
    assert len(printed) <= MAX_OUTPUT
    assert printed.endswith("noise 299999\n")


def test_closed_streams_cost_nothing(submit: Submit) -> None:
    """A submission that closes its standard streams can still answer."""
    subject = submit("import os\ndef f(): os.closerange(0, 3); return 1")
    assert [call(subject, "f"), call(subject, "f")] == [1, 1]


def test_a_kata_explains_its_last_call(submit: Submit) -> None:
    """The fixture's object works over a worker as it does in process."""
    assert Kata(submit("def f(x): return x")).f(3) == 3


# -- no end, or a bad one ---------------------------------------------------------------------

ENDLESS = {
    "sleep": "time.sleep(100)",
    "loop": "[0 for _ in iter(int, 1)]",
    "deaf": "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; time.sleep(100)",
    "stopped": "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(100)",
    "in a library": "re.match('(a+)+$', 'a' * 40 + 'b')",
    "never an exception": "forever()",
    "with children": "[os.fork() or time.sleep(100) for _ in range(3)]; time.sleep(100)",
    "dribbling": "[os.write(3, b'\\1\\1\\1' + bytes(5)) and time.sleep(0.1) for _ in range(999)]",
    "chattering": "[print('x' * 1000) for _ in iter(int, 1)]",
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS)
def test_a_submission_without_end_is_ended(submit: Submit, source: str) -> None:
    """However it hangs, it is over at the deadline."""
    subject = submit(
        f"""
        import os, re, signal, time
        def forever():
            while True:
                try: time.sleep(100)
                except BaseException: pass
        def f(): {source}
        """,
        seconds=0.5,
    )
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"within 0\.5 s"):
        call(subject, "f")
    assert time.monotonic() - began < 5
    with pytest.raises(Crashed):
        call(subject, "f")


def test_the_deadline_is_for_all_calls_together(submit: Submit) -> None:
    """Many short calls share one deadline; what the test itself takes is not counted."""
    subject = submit("import time\ndef f(): time.sleep(0.4)", seconds=1.0)
    call(subject, "f")
    time.sleep(1)
    call(subject, "f")
    with pytest.raises(DeadlineExceeded):
        call(subject, "f")


def test_loading_counts(submit: Submit) -> None:
    """A file that hangs when loaded is ended as well."""
    with pytest.raises(DeadlineExceeded):
        call(submit("while True: pass", seconds=0.5), "f")


CRASHES = {
    "leaves": ("os._exit(0)", "exit code 0"),
    "leaves with a code": ("os._exit(3)", "exit code 3"),
    "reads nowhere": ("ctypes.string_at(1)", "SIGSEGV|SIGBUS"),
    "aborts": ("os.abort()", "SIG"),
    "closes the channel": ("os.close(3); time.sleep(100)", "SIGKILL"),
    "replaces itself": ("os.execv('/proc/self/exe', ['x'])", None),
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("name", CRASHES)
def test_a_crash_is_told_with_its_manner(submit: Submit, name: str) -> None:
    """A process that ends without an answer has crashed."""
    source, manner = CRASHES[name]
    subject = submit(f"import ctypes, os, time\ndef f(): {source}")
    with pytest.raises((Crashed, OSError), match=manner):
        call(subject, "f")


GARBAGE = {
    "noise": "b'x' * 100",
    "a vast length": "b'\\xff' * 8",
    "a length without a body": "struct.pack('<Q', 4) + b'zzzz'",
    "another type": "frame(b'N')",
    "a tuple of one": "frame(b'u' + struct.pack('<I', 1) + b'N')",
    "a pair of nothing": "frame(b'u' + struct.pack('<I', 2) + b'NN')",
    "an array for a word": "frame(codec.encode((numpy.ones(3), 1)))",
    "an unknown word": "frame(codec.encode(('verdict', 'done')))",
    "an exception without facts": "frame(codec.encode(('raised', {})))",
    "an exception of lies": "frame(codec.encode(('raised', dict.fromkeys(names, 1))))",
    "two answers": "frame(codec.encode(('value', 1))) * 2",
    "a pickle": "frame(pickle.dumps(('value', 1)))",
    "half, then the end": "struct.pack('<Q', 100) + b'u'",
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_a_crash(submit: Submit, data: str) -> None:
    """Bytes that are no answer are never believed."""
    subject = submit(f"""
        import os, pickle, struct, numpy
        from grader import codec
        names = ("kind", "type", "bases", "text", "where")
        def frame(data): return struct.pack("<Q", len(data)) + data
        def f():
            os.write(3, {data})
            os._exit(0)
    """)
    with pytest.raises(Crashed):
        call(subject, "f")


def test_facts_about_an_exception_are_not_believed(submit: Submit) -> None:
    """A forged exception cannot name a type beyond the list, nor a place in another file."""
    subject = submit("""
        import os, struct
        from grader import codec
        def f():
            facts = {"kind": "grader", "type": "Skipped", "bases": ["exit", "SystemExit", 3],
                     "text": "", "where": "/etc/passwd:1"}
            data = codec.encode(("raised", facts))
            os.write(3, struct.pack("<Q", len(data)) + data)
            os._exit(0)
    """)
    with pytest.raises(SubmissionError) as caught:
        call(subject, "f")
    assert Origin.of(caught.value).where == ""


# -- no way out -------------------------------------------------------------------------------


@pytest.mark.usefixtures("unharmed")
def test_a_forged_answer_is_its_own(submit: Submit) -> None:
    """An answer sent ahead counts for the test that sent it, and for no other."""
    subject = submit("""
        import os, struct
        from grader import codec
        def f():
            data = codec.encode(("value", 666))
            os.write(3, struct.pack("<Q", len(data)) + data)
            os._exit(0)
    """)
    assert call(subject, "f") == 666


def test_only_its_own_descriptors_are_open(submit: Submit) -> None:
    """A worker holds its streams and its channel, not the server's."""
    subject = submit("""
        import os
        def f():
            found = []
            for number in range(1024):
                try: os.fstat(number)
                except OSError: continue
                found.append(number)
            return found
    """)
    assert call(subject, "f") == [0, 1, 2, 3]


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("target", ["os.getppid()", "-1", "0", "1", "2", "every"])
def test_nobody_else_can_be_killed(submit: Submit, target: str) -> None:
    """Signals reach neither the fork server nor the worker of the next test."""
    numbers = "range(2, 70_000)" if target == "every" else f"[{target}]"
    subject = submit(f"""
        import os, signal
        def f():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            for number in {numbers}:
                if number != os.getpid():
                    for kind in (signal.SIGTERM, signal.SIGKILL):
                        try: os.kill(number, kind)
                        except OSError: pass
            return 1
    """)
    try:
        assert call(subject, "f") == 1
    except Crashed:
        assert target in ("-1", "0")  # its own group: it may end itself


@pytest.mark.usefixtures("unharmed")
def test_nobody_else_can_be_traced(submit: Submit) -> None:
    """No system call opens another process, be it the parent."""
    subject = submit("""
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        def f():
            parent = os.getppid() or 2
            memory = (ctypes.c_long * 2)()
            attach, seize = libc.ptrace(16, parent, 0, 0), libc.ptrace(0x4206, parent, 0, 0)
            read = libc.process_vm_readv(parent, memory, 1, memory, 1, 0)
            return [attach, seize, read, libc.syscall(438, 3, 0, 0)]
    """)
    assert call(subject, "f") == [-1, -1, -1, -1]


@pytest.mark.parametrize("place", ["tempfile.gettempdir()", "'/dev/shm'", "'/tmp'", "'/'"])
def test_nothing_written_is_seen_by_the_next(submit: Submit, place: str) -> None:
    """A worker's files end with it."""
    source = f"""
        import os, tempfile
        def leave():
            try: open(os.path.join({place}, "left-behind"), "w").close()
            except OSError: return False
            return True
        def find(): return os.path.exists(os.path.join({place}, "left-behind"))
    """
    first = submit(source)
    left = call(first, "leave")
    assert left == ("tempfile" in place), "a worker can write to its own folder, and only there"
    second = submit(source)
    assert not call(second, "find")
    first.close()
    assert not call(submit(source), "find")


def test_nothing_in_shared_memory_is_seen_by_the_next(submit: Submit) -> None:
    """System V shared memory does not lead from one worker to another."""
    source = """
        import ctypes
        libc = ctypes.CDLL(None)
        def leave(): return libc.shmget(4242, 4096, 0o1666)
        def find(): return libc.shmget(4242, 0, 0)
    """
    first, second = submit(source), submit(source)
    call(first, "leave")
    assert call(second, "find") == -1


def test_nothing_patched_is_seen_by_the_next(submit: Submit) -> None:
    """What one part turned inside out is whole for the next."""
    first = submit("""
        import builtins, torch, grader.worker
        def f():
            torch.add = builtins.len = grader.worker.encode = None
    """)
    with pytest.raises(Crashed):
        call(first, "f")
    second = submit("import torch\ndef f(): return len([1]), torch.add(torch.ones(1), 1).item()")
    assert call(second, "f") == (1, 2.0)


@pytest.mark.usefixtures("unharmed")
def test_no_descendant_survives(submit: Submit) -> None:
    """Daemons that left their group, their session and their parent end with the worker."""
    name = f"stray{os.getpid()}"
    subject = submit(f"""
        import ctypes, os, time
        def f():
            for _ in range(5):
                if os.fork() == 0:
                    os.setsid()
                    if os.fork() == 0:
                        ctypes.CDLL(None).prctl(15, b"{name}", 0, 0, 0)
                        while True: time.sleep(0.01)
                    os._exit(0)
            time.sleep(0.3)
            return 1
    """)
    assert call(subject, "f") == 1
    _wait_for(lambda: len(_named(name)) == 5)
    subject.close()
    _wait_for(lambda: not _named(name))


def _wait_for(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.05)


def _named(name: str) -> list[Path]:
    """Processes of this machine that go by `name`."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if re.search(rf"^Name:\s+{name}$", text, re.MULTILINE) and "State:\tZ" not in text:
            found.append(status)
    return found


@pytest.mark.usefixtures("unharmed")
def test_processes_share_a_limit_of_memory(submit: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children of which none holds too much end with the worker when all together do."""
    monkeypatch.setattr("grader.server.MAX_MEMORY", 3 * 2**29)
    subject = submit("""
        import os, time
        def f():
            for _ in range(4):
                if os.fork() == 0:
                    taken = bytes([1]) * 2**29
                    time.sleep(60)
            time.sleep(60)
    """)
    with pytest.raises(Crashed, match="GiB together"):
        call(subject, "f")


@pytest.mark.usefixtures("unharmed")
def test_a_fork_bomb_fizzles_out(submit: Submit) -> None:
    """Processes without end are limited in number, and end at the deadline."""
    subject = submit(
        """
        import os
        def f():
            while True:
                try: os.fork()
                except OSError: pass
        """,
        seconds=2,
    )
    with pytest.raises((DeadlineExceeded, Crashed)):
        call(subject, "f")


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "taking",
    [
        "bytearray(6 * 2**30)",
        "torch.ones(6 * 2**30, dtype=torch.uint8)",
        "mmap.mmap(-1, 8 * 2**30)",
    ],
)
def test_memory_is_limited(submit: Submit, taking: str) -> None:
    """Memory beyond the limit is refused, private or shared, in one piece or many."""
    subject = submit(f"import mmap, torch\ndef f():\n    x = {taking}\n    return 1")
    with pytest.raises((MemoryError, RuntimeError, OSError)):
        call(subject, "f")


def test_the_disk_is_limited(submit: Submit) -> None:
    """One file cannot grow without end."""
    subject = submit("""
        import os, tempfile
        def f():
            with tempfile.TemporaryFile() as file:
                for _ in range(200): os.write(file.fileno(), bytes(2**20))
    """)
    with pytest.raises(OSError, match=r"too large|No space"):
        call(subject, "f")


def test_the_environment_tells_nothing(submit: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of the grader's process are not in a worker's."""
    monkeypatch.setenv("TOKEN", "secret")
    names = call(submit("import os\ndef f(): return list(os.environ)"), "f")
    assert set(names) <= {
        *("HOME", "TMPDIR", "LANG", "LC_CTYPE", "PATH", "PWD", "USER", "TERM", "SHLVL", "_"),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
        *("TORCHINDUCTOR_CACHE_DIR", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"),
        "PYTORCH_NVML_BASED_CUDA_CHECK",
    }


def test_tests_and_solutions_are_out_of_reach(submit: Submit) -> None:
    """Neither the files of this repository nor the modules of the tests can be read."""
    subject = submit("""
        import os, sys
        def refused(action, *arguments):
            try: action(*arguments)
            except OSError: return True
            return False
        def f(file, folder):
            found = [m for m in sys.modules if m.split(".")[0] in ("tests", "solutions")]
            return refused(open, file), refused(os.listdir, folder), found
    """)
    here = Path(__file__)
    assert call(subject, "f", str(here), str(here.parent)) == (True, True, [])


def test_user_and_privileges_are_gone(submit: Submit) -> None:
    """A worker can change neither its user nor its limits nor its name space."""
    subject = submit("""
        import ctypes, os, resource
        libc = ctypes.CDLL(None, use_errno=True)
        def refused(action):
            try: return action() == -1
            except (OSError, ValueError): return True
        def f():
            return [
                refused(lambda: libc.setuid(0) if os.getuid() else -1),
                refused(lambda: libc.unshare(0x10000000)),
                refused(lambda: libc.unshare(0x00020000)),
                refused(lambda: libc.mount(b"none", b"/", b"tmpfs", 0, None)),
                refused(lambda: libc.chroot(b"/")),
                refused(lambda: libc.sethostname(b"x", 1)),
                refused(lambda: resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))),
                refused(lambda: os.nice(-5)),
                refused(lambda: libc.socket(1, 1, 0)),
                refused(lambda: libc.socket(2, 1, 0)),
                refused(lambda: libc.socket(16, 3, 0)),
                refused(lambda: libc.syscall(425, 8, 0)),
            ]
    """)
    assert call(subject, "f") == [True] * 12


# -- the grader's own failures ----------------------------------------------------------------


def test_a_link_is_not_followed(server: Server, tmp_path: Path) -> None:
    """A submission that is a link to another file is not read."""
    (tmp_path / "secret.py").write_text("def f(): return 1", encoding="utf-8")
    (tmp_path / "link.py").symlink_to(tmp_path / "secret.py")
    subject = Isolated(server, [tmp_path / "link.py"])
    with pytest.raises(LoadFailure, match="not a regular file"):
        call(subject, "f")
    subject.close()


def test_a_vast_file_is_not_read(server: Server, tmp_path: Path) -> None:
    """A submission of many megabytes is refused."""
    (tmp_path / "vast.py").write_bytes(b"#" * (2**20 + 1))
    subject = Isolated(server, [tmp_path / "vast.py"])
    with pytest.raises(LoadFailure, match="larger"):
        call(subject, "f")
    subject.close()


def test_inputs_that_cannot_be_sent_are_our_failure(submit: Submit) -> None:
    """A test that sends what cannot be pickled is at fault, not the submission."""
    with pytest.raises(IsolationFailure, match="cannot be sent"):
        call(submit("def f(x): return x"), "f", (i for i in range(3)))


def test_a_probe_of_the_graders_own_is_said_so(submit: Submit) -> None:
    """A probe that wants to judge beside the submission cannot: the grader is not there."""
    from grader.compare import assert_close

    with pytest.raises(Crashed, match="grader"):
        submit("x = 1").run(lambda kata: assert_close(1.0, 1.0), (), {})


def test_a_server_that_ended_is_replaced(server: Server, submit: Submit) -> None:
    """When a sandbox is gone, the test in it has crashed and the next gets a new one."""
    subject = submit("def f(): return 1")
    assert call(subject, "f") == 1
    os.close(server._lifeline)
    server._lifeline = os.open(os.devnull, os.O_RDONLY)
    with pytest.raises(Crashed):
        _call_for_long(subject)
    assert call(submit("def f(): return 2"), "f") == 2


def _call_for_long(subject: Isolated) -> None:
    for _ in range(100):
        call(subject, "f")
        time.sleep(0.05)
