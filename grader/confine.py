"""What a worker gives up for good before it meets a submission. Linux, standard library only.

The sandbox around the fork server keeps the outside out of reach. This is the
second wall, around one worker: it can neither reach the fork server nor leave
anything behind for the next worker.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWNS = 0x0002_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWPID = 0x2000_0000
_CLONE_NEW_ANY = 0x7E02_0000

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Plan:
    """How to confine a worker.

    Attributes
    ----------
    wall : {"namespaces", "landlock", "none"}
        What stands between two workers, and between them and the fork server.
    uid : int
        User that a worker becomes; 0 to stay who it is.
    readable, writable : tuple of str
        What a worker behind Landlock may open.
    scratch : str
        Where a worker may write: behind namespaces a file system of its own, else a folder.
    memory, address_space, file_size, scratch_size : int
        Limits in bytes; 0 for none.
    processes, files : int
        Processes and threads of one worker, and files open in each; 0 for no limit.
    """

    wall: str = "none"
    uid: int = 0
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    scratch: str = "/scratch"
    memory: int = 4 * 2**30
    address_space: int = 8 * 2**30
    file_size: int = 64 * 2**20
    scratch_size: int = 64 * 2**20
    processes: int = 32
    files: int = 256


def prepare(plan: Plan) -> None:
    """Ready the fork server: closed to tracing by its children, and the parent of their orphans."""
    if plan.wall == "landlock":
        import sandlock  # noqa: F401 - before memory is limited
    else:
        _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    _call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def fork(plan: Plan) -> int:
    """Fork a worker; behind namespaces, as the first process of a namespace of its own.

    Whatever such a worker starts ends with it, and no process outside has a number
    that it could name.
    """
    if plan.wall != "namespaces":
        return os.fork()
    home = os.pidfd_open(os.getpid())
    _call("unshare", CLONE_NEWPID)
    child = os.fork()
    if child:
        _call("setns", home, CLONE_NEWPID)
        os.close(home)
    return child


def confine(plan: Plan) -> None:
    """Give up, in this process and for good, what `plan` says."""
    os.setsid()  # a signal to one's process group crosses the border of a namespace
    if plan.wall == "namespaces":
        _isolate_files(plan)
    else:
        Path(plan.scratch).mkdir(0o700)
    _limit(plan)
    if plan.wall == "none":
        _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        return
    if plan.uid:
        os.setgroups([])
        os.setresgid(plan.uid, plan.uid, plan.uid)
        os.setresuid(plan.uid, plan.uid, plan.uid)
    _drop_capabilities()
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if plan.wall == "landlock":
        _landlock(plan)
    _filter_system_calls(links=plan.wall == "namespaces")


def _isolate_files(plan: Plan) -> None:
    """An empty file system of this worker's own, and no shared memory with any other."""
    _call("unshare", CLONE_NEWNS | CLONE_NEWIPC)
    options = f"size={plan.scratch_size},mode=1777".encode()
    no_devices_no_setuid = 0x4 | 0x2
    _call("mount", b"tmpfs", plan.scratch.encode(), b"tmpfs", no_devices_no_setuid, options)


def _landlock(plan: Plan) -> None:
    from sandlock import Sandbox, confine

    # Signals, tracing and abstract sockets stay within the domain that this opens.
    confine(Sandbox(fs_readable=list(plan.readable), fs_writable=[*plan.writable, plan.scratch]))


def _limit(plan: Plan) -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_DATA: plan.memory or resource.RLIM_INFINITY,
        resource.RLIMIT_AS: plan.address_space or resource.RLIM_INFINITY,
        resource.RLIMIT_FSIZE: plan.file_size or resource.RLIM_INFINITY,
        resource.RLIMIT_NPROC: plan.processes or resource.RLIM_INFINITY,
        resource.RLIMIT_NOFILE: plan.files or resource.RLIM_INFINITY,
    }
    for limit, value in limits.items():
        if value != resource.RLIM_INFINITY:
            resource.setrlimit(limit, (value, value))


def _drop_capabilities() -> None:
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # beyond the last one it fails
    version_3, this_process = 0x2008_0522, 0
    _call("capset", struct.pack("<Ii", version_3, this_process), bytes(24))


# -- system calls -----------------------------------------------------------------------------
#
# Without sockets there is no loopback to meet a sibling on; memory that no process owns is
# memory that no limit counts; priorities and memory of others of one's user can be set by
# anyone where users are not told apart; without the rest far less of the kernel is within reach.

_NUMBERS = {
    "x86_64": (
        0xC000_003E,
        {"clone": 56, "clone3": 435, "prlimit64": 302, "sched_setaffinity": 203},
        {
            "shmget": 29,
            "socket": 41,
            "semget": 64,
            "msgget": 68,
            "ptrace": 101,
            "personality": 135,
            "setpriority": 141,
            "sched_setparam": 142,
            "sched_setscheduler": 144,
            "mq_open": 240,
            "mq_unlink": 241,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "ioprio_set": 251,
            "migrate_pages": 256,
            "unshare": 272,
            "move_pages": 279,
            "perf_event_open": 298,
            "setns": 308,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
            "sched_setattr": 314,
            "memfd_create": 319,
            "bpf": 321,
            "userfaultfd": 323,
            "io_uring_setup": 425,
            "pidfd_getfd": 438,
        },
    ),
    "aarch64": (
        0xC000_00B7,
        {"clone": 220, "clone3": 435, "prlimit64": 261, "sched_setaffinity": 122},
        {
            "ioprio_set": 30,
            "personality": 92,
            "unshare": 97,
            "ptrace": 117,
            "sched_setparam": 118,
            "sched_setscheduler": 119,
            "setpriority": 140,
            "mq_open": 180,
            "mq_unlink": 181,
            "msgget": 186,
            "semget": 190,
            "shmget": 194,
            "socket": 198,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "migrate_pages": 238,
            "move_pages": 239,
            "perf_event_open": 241,
            "setns": 268,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
            "sched_setattr": 274,
            "memfd_create": 279,
            "bpf": 280,
            "userfaultfd": 282,
            "io_uring_setup": 425,
            "pidfd_getfd": 438,
        },
    ),
}
# Landlock guards no links, and those in /proc tell where every process works.
_LINKS = {"x86_64": (89, 267), "aarch64": (78,)}  # readlink, readlinkat
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _FAIL, _ALLOW = 0x8000_0000, 0x0005_0000, 0x7FFF_0000
_EPERM, _ENOSYS = 1, 38
_AT_NUMBER, _AT_ARCHITECTURE, _AT_FIRST_ARGUMENT = 0, 4, 16
_X32 = 0x4000_0000  # a second numbering of all calls on x86-64


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def _filter_system_calls(*, links: bool) -> None:
    steps = _steps(os.uname().machine, links=links)
    code = b"".join(struct.pack("<HBBI", *step) for step in steps)
    program = _Program(len(code) // 8, code)
    _call("prctl", _PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0)


def _steps(machine: str, *, links: bool) -> Iterator[tuple[int, int, int, int]]:
    """The filter: per step a code, how many steps to skip if true or false, and a number.

    Parameters
    ----------
    links : bool
        Whether a process may ask where a symbolic link leads.
    """
    if machine not in _NUMBERS:
        raise OSError(f"no filter of system calls for {machine}")
    architecture, partly, denied = _NUMBERS[machine]
    yield _LOAD, 0, 0, _AT_ARCHITECTURE
    yield _IF_EQUAL, 1, 0, architecture
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _AT_NUMBER
    yield _IF_AT_LEAST, 0, 1, _X32
    yield _RETURN, 0, 0, _FAIL | _EPERM
    for number in (*denied.values(), *(() if links else _LINKS[machine])):
        yield _IF_EQUAL, 0, 1, number
        yield _RETURN, 0, 0, _FAIL | _EPERM
    # A process may limit and place itself, but no other: that can slow one down, or end it.
    for name in ("prlimit64", "sched_setaffinity"):
        yield _IF_EQUAL, 0, 4, partly[name]
        yield _LOAD, 0, 0, _AT_FIRST_ARGUMENT
        yield _IF_EQUAL, 0, 1, 0
        yield _RETURN, 0, 0, _ALLOW
        yield _RETURN, 0, 0, _FAIL | _EPERM
    # Its flags lie in memory, where a filter cannot look: the C library falls back to `clone`.
    yield _IF_EQUAL, 0, 1, partly["clone3"]
    yield _RETURN, 0, 0, _FAIL | _ENOSYS
    yield _IF_EQUAL, 0, 3, partly["clone"]
    yield _LOAD, 0, 0, _AT_FIRST_ARGUMENT
    yield _IF_ANY_BIT, 0, 1, _CLONE_NEW_ANY
    yield _RETURN, 0, 0, _FAIL | _EPERM
    yield _RETURN, 0, 0, _ALLOW


def _call(name: str, *arguments: object) -> None:
    """Call the C library; -1 becomes an `OSError` that names the call."""
    if getattr(_libc, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
