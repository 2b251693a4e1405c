"""What can be done here: `nox -l` lists it, `nox -s check -- 06` does it for one exercise."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["check"]

PROJECT = nox.project.load_toml("pyproject.toml")
DEVICES = [nox.param("cpu", id="cpu"), nox.param("cuda", id="cuda")]
# Without byte code an import of torch takes three times as long.
ENV = {"PYTHONDONTWRITEBYTECODE": None}


@nox.session
@nox.parametrize("device", DEVICES)
def check(session: nox.Session, device: str) -> None:
    """Judge your work: all exercises, or those named after `--` (06, lr_schedules, 1 6)."""
    _judge(session, device, "exercises")


@nox.session
@nox.parametrize("device", DEVICES)
def solutions(session: nox.Session, device: str) -> None:
    """Judge the reference solutions by the same tests."""
    _judge(session, device, "solutions")


@nox.session
def grade(session: nox.Session) -> None:
    """Judge submissions that nobody trusts, isolated (`-- PATH... --exercise 06`)."""
    cluster = any(word.startswith("--cluster") for word in session.posargs)
    _install(session, "grade", *(["cluster"] if cluster else []))
    session.run("python", "-m", "grader", "grade", *session.posargs, env=ENV, log=False)


@nox.session
def gradescope(session: nox.Session) -> None:
    """Write the archive that Gradescope takes (`-- 06` for one exercise)."""
    _install(session)
    session.run("python", "-m", "grader.bundle", "autograder.zip", *session.posargs, env=ENV)


@nox.session
def tests(session: nox.Session) -> None:
    """Prove what this repository promises: tests, banks, grader."""
    _install(session, "tests")
    # What takes longest is begun first: the grader's own tests.
    parallel = ("-n", "auto", "--dist", "loadscope", "--no-loadscope-reorder")
    folders = session.posargs or ("tests/grader", "tests/contract")
    session.run("python", "-m", "pytest", "-q", *parallel, *folders, env=ENV)


@nox.session
def seeds(session: nox.Session) -> None:
    """Look for flakes: solutions and right answers at many seeds (`-- 06 --count 20`)."""
    _install(session)
    session.run("python", "-m", "grader.flakes", *session.posargs, env=ENV)


@nox.session
def mutants(session: nox.Session) -> None:
    """Measure how many mutants of a solution its tests reject (`-- 06`)."""
    _install(session, "mutants")
    session.run("python", "-m", "grader.mutants", *session.posargs, env=ENV)


@nox.session
def bench(session: nox.Session) -> None:
    """Time the solutions against the library that one would use instead (`-- 06`)."""
    _install(session, "bench")
    session.run("python", "-m", "grader.bench", *session.posargs, env=ENV)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and workflows."""
    _install(session, "lint", "mutants")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("zizmor", "--offline", "--quiet", ".github/workflows")


def _judge(session: nox.Session, device: str, subject: str) -> None:
    if device == "cuda":
        _require_gpu(session)
    _install(session)
    where = ("--subject", subject, "--device", device)
    session.run("python", "-m", "grader", "check", *where, *session.posargs, env=ENV, log=False)


def _require_gpu(session: nox.Session) -> None:
    """Skip without a GPU, or fail where KATAS_REQUIRE_GPU says that there must be one."""
    listing = ["nvidia-smi", "-L"]
    found = (
        shutil.which(listing[0])
        and b"GPU" in subprocess.run(listing, capture_output=True, check=False).stdout
    )
    if not found:
        end = session.error if os.environ.get("KATAS_REQUIRE_GPU") else session.skip
        end("no NVIDIA GPU here: `nvidia-smi -L` lists none")


def _install(session: nox.Session, *groups: str) -> None:
    """Install the project's needs, once for as long as they stay the same."""
    if session.venv_backend == "none":
        return
    needs = [*PROJECT["project"]["dependencies"]]
    needs += nox.project.dependency_groups(PROJECT, *groups)
    constraints = os.environ.get("KATAS_CONSTRAINTS", "constraints.txt")
    options = ["--constraint", constraints] if constraints else []
    options += _torch_options(session)
    pinned = Path(constraints).read_text(encoding="utf-8") if constraints else ""
    text = "\n".join([*needs, *options, pinned, platform.python_version()])
    stamp = Path(session.virtualenv.location) / f"katas-{hashlib.sha256(text.encode()).hexdigest()}"
    if stamp.exists():
        return
    session.install(*needs, *options, env=_find_links())
    if {"grade", "tests"} & set(groups):
        session.run("python", "-m", "grader.libraries", env=ENV, log=False)
    stamp.touch()


def _torch_options(session: nox.Session) -> list[str]:
    """KATAS_TORCH chooses the build: cpu, cu128 ...; unset takes what the package index has."""
    build = os.environ.get("KATAS_TORCH", "")
    if not build:
        return []
    if session.venv_backend == "uv":
        return ["--torch-backend", build]
    return ["--extra-index-url", f"https://download.pytorch.org/whl/{build}"]


def _find_links() -> dict[str, str]:
    """Hand pip's extra places to look for wheels on to uv, which does not read pip's settings."""
    links = os.environ.get("PIP_FIND_LINKS", "").split()
    return {"UV_FIND_LINKS": os.environ.get("UV_FIND_LINKS") or ",".join(links)} if links else {}
