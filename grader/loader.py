"""Turns the source files of a submission into one namespace, keeping what loads.

A syntax error costs only the top-level block that holds it, and a statement
that raises costs only the names that it would have bound, so that a slip in
one function never hides the rest of a file. Standard library only: the same
loader runs beside the submission, where nothing else of the grader exists.
"""

from __future__ import annotations
import __future__

import ast
import re
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^(?=[^\s#)\]}])", re.MULTILINE)
_NAME = re.compile(r"(?:async\s+def|def|class)\s+(\w+)|(\w+)\s*(?::[^=]*)?=")


class LoadFailure(Exception):
    """A name of the submission cannot be had; the message says where and why."""


class Subject:
    """The public names of one submission.

    Attribute access returns the submission's own object, or raises
    `LoadFailure` in words that a learner can act on.
    """

    def __init__(self, module: types.ModuleType, broken: dict[str | None, str], path: str) -> None:
        self._module = module
        self._broken = broken
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in self._broken:
            raise LoadFailure(self._broken[name])
        try:
            return vars(self._module)[name]
        except KeyError:
            raise LoadFailure(self._missing(name)) from None

    def _missing(self, name: str) -> str:
        if None in self._broken:  # a block that binds no name we could read
            return self._broken[None]
        return (
            f"{self._path} does not define `{name}`: "
            f"write it, or take its signature back from the stub"
        )


@dataclass(frozen=True)
class Source:
    """One file of a submission, read: its text, or why there is none."""

    path: str
    text: str = ""
    problem: str = ""


def read(path: Path) -> Source:
    """The source at `path`, or the reason why there is none."""
    try:
        return Source(str(path), path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Source(str(path), problem=f"{path} does not exist: copy the stub there and fill it")
    except (OSError, UnicodeDecodeError) as problem:
        return Source(str(path), problem=f"{path} cannot be read as UTF-8 text: {problem}")


def load(paths: Sequence[Path], name: str) -> Subject:
    """Run each file in turn in one fresh module; later files replace names of earlier ones.

    Parameters
    ----------
    paths : sequence of Path
        The submission's file, then any overlays.
    name : str
        Name that the module bears in `sys.modules`.
    """
    return load_sources([read(path) for path in paths], name)


def load_sources(sources: Sequence[Source], name: str) -> Subject:
    """The same for files that were read elsewhere."""
    module = types.ModuleType(name)
    module.__file__ = sources[0].path
    sys.modules[name] = module
    broken: dict[str | None, str] = {}
    for source in sources:
        _execute(source, module, broken)
    return Subject(module, broken, sources[-1].path)


def _execute(source: Source, module: types.ModuleType, broken: dict[str | None, str]) -> None:
    if source.problem:
        broken[None] = source.problem
        return
    statements, unparsed = _compile(source)
    broken.update(unparsed)
    for statement in statements:
        try:
            exec(statement.code, module.__dict__)
        except (Exception, SystemExit) as problem:
            reason = f"{type(problem).__name__}: {_first_line(problem)}"
            for name in statement.names or (None,):
                broken[name] = f"{source.path}:{statement.line}: {reason}"
        else:
            for name in statement.names:
                broken.pop(name, None)


@dataclass(frozen=True)
class _Statement:
    code: types.CodeType
    line: int
    names: tuple[str, ...]


@lru_cache(maxsize=64)
def _compile(source: Source) -> tuple[list[_Statement], dict[str | None, str]]:
    """The file's top-level statements, and for every name that fell out, why."""
    path = source.path
    broken: dict[str | None, str] = {}
    tree = _parse(source.text, path, broken)
    flags = _future_flags(tree)
    statements = []
    for node in tree.body:
        names = tuple(_bound_names(node))
        try:
            code = compile(ast.Module([node], []), path, "exec", flags, dont_inherit=True)
        except (SyntaxError, ValueError) as problem:
            line = getattr(problem, "lineno", None) or node.lineno
            message = f"{path}:{line}: {type(problem).__name__}: {_first_line(problem)}"
            broken.update(dict.fromkeys(names or (None,), message))
        else:
            statements.append(_Statement(code, node.lineno, names))
    return statements, broken


def _parse(source: str, path: str, broken: dict[str | None, str]) -> ast.Module:
    """Parse, blanking out one top-level block for every syntax error."""
    while True:
        try:
            return ast.parse(source, path)
        except (SyntaxError, ValueError) as problem:
            line = getattr(problem, "lineno", None) or 1
            reason = getattr(problem, "msg", None) or str(problem)
            message = f"{path}:{line}: {type(problem).__name__}: {reason}"
            start, end = _block_around(source, line)
            block = source[start:end]
            if not block.strip():
                broken[None] = message
                return ast.Module([], [])
            names = [a or b for a, b in _NAME.findall(_head(block))]
            for name in names or [None]:
                broken[name] = message
            source = source[:start] + "\n" * block.count("\n") + source[end:]


def _block_around(source: str, line: int) -> tuple[int, int]:
    """Character range of the top-level block, decorators included, that holds `line`."""
    starts = [match.start() for match in _BLOCK.finditer(source)]
    heads = [s for i, s in enumerate(starts) if i == 0 or source[starts[i - 1]] != "@"]
    offset = sum(len(text) for text in source.splitlines(keepends=True)[: line - 1])
    start = max((s for s in heads if s <= offset), default=0)
    end = min((s for s in heads if s > offset), default=len(source))
    return start, end


def _head(block: str) -> str:
    """The line of a block that binds its name."""
    lines = [text for text in block.splitlines() if text and not text.startswith("@")]
    return lines[0] if lines else ""


def _future_flags(tree: ast.Module) -> int:
    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                feature = getattr(__future__, alias.name, None)
                flags |= feature.compiler_flag if feature else 0
    return flags


def _bound_names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [
            item.id for target in targets for item in ast.walk(target) if isinstance(item, ast.Name)
        ]
    return []


def _first_line(problem: BaseException) -> str:
    return (str(problem).strip().splitlines() or ["no message"])[0]
