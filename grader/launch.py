"""The command that starts a fork server, and the little of this machine that it needs to see."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from grader.catalog import ROOT
from grader.confine import Plan
from grader.failures import IsolationFailure

SCRATCH = "/scratch"
ENVIRONMENT = {
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    # A server that ran one operation on several threads would leave its children hanging.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Asking the driver whether there is a GPU would start it, and no child could after that.
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    # torch creates this folder when imported: one that exists already, and cannot be written.
    "TORCHINDUCTOR_CACHE_DIR": str(Path(os.__file__).parent),
}

# The server gets the modules that it needs as text: no file of the grader is in its reach.
MODULES = ("data", "codec", "loader", "subject", "confine", "libraries", "worker")
_BOOT = """
import sys, types
sys.path += {paths!r}
for name, text in {modules!r}.items():
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = []
    exec(compile(text, name, "exec"), module.__dict__)
module.main()
"""


def python(plan: Plan) -> list[str]:
    """The command of a fork server that confines its workers by `plan`."""
    folder = Path(__file__).parent
    texts = {"grader": ""} | {
        f"grader.{name}": (folder / f"{name}.py").read_text(encoding="utf-8") for name in MODULES
    }
    boot = _BOOT.format(paths=_packages(), modules=texts)
    return [_executable(), "-I", "-S", "-u", "-X", "utf8", "-c", boot, json.dumps(asdict(plan))]


def readable(device: str) -> list[str]:
    """What a server may read: Python, its libraries, the system's, and what its processor is."""
    paths = [path for path in _wanted(device) if Path(path).exists()]
    for path in paths:
        if ROOT.is_relative_to(path):
            raise IsolationFailure(f"{ROOT} lies in {path}, which submissions can read: move it")
    return list(dict.fromkeys(paths))


def gpus(device: str) -> list[str]:
    """The device files of the GPUs, if submissions need them."""
    return [str(path) for path in sorted(Path("/dev").glob("nvidia*")) if device == "cuda"]


def _wanted(device: str) -> Iterator[str]:
    yield from ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
    yield from ("/dev/urandom", "/proc/cpuinfo", "/sys/devices/system/cpu")
    yield _executable()
    yield str(Path(os.__file__).parent)
    yield from (f"{sys.base_prefix}/lib", f"{sys.base_prefix}/lib64")
    yield from _packages()
    if device == "cuda":
        yield from ("/proc", "/sys")


def _executable() -> str:
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _packages() -> list[str]:
    """Folders of installed packages."""
    folders = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    return [path for path in dict.fromkeys(folders) if Path(path).is_dir()]
