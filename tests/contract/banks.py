"""The banks of wrong and right answers, and the degenerate answers that are made."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from grader.catalog import Exercise

KINDS = ("zeros", "ones", "nan", "empty", "input", "dtype", "broadcastable", "none")

# Laid over a reference: every leaf of what `{name}` returns is replaced.
_DEGENERATE = '''\
"""What `{name}` returns, with every leaf replaced: {kind}."""
import functools
import math

import numpy
import torch


def _leaf(value):
    kind = "{kind}"
    number = isinstance(value, bool | int | float | complex)
    if kind == "none":
        return None
    if isinstance(value, numpy.ndarray):
        return numpy.asarray(_leaf(torch.from_numpy(value)))
    if isinstance(value, str):
        return "" if kind in ("zeros", "empty") else value + "?"
    if kind == "zeros":
        return type(value)(0) if number else torch.zeros_like(value)
    if kind == "ones":
        return type(value)(1) if number else torch.ones_like(value)
    if kind == "nan":
        wide = torch.float64 if number or not value.is_floating_point() else value.dtype
        return math.nan if number else torch.full_like(value, math.nan, dtype=wide)
    if kind == "empty":
        return torch.empty(0) if number else value.new_empty(0)
    if kind == "dtype":
        if number:
            return torch.tensor(value)
        return value.float() if value.dtype != torch.float32 else value.double()
    return torch.tensor([value]) if number else value.unsqueeze(0)


def _spoil(value):
    if isinstance(value, dict):
        return {{key: _spoil(item) for key, item in value.items()}}
    if isinstance(value, list | tuple):
        return type(value)(_spoil(item) for item in value)
    return value if value is None else _leaf(value)


def _spoiled(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        inputs = [*args, *kwargs.values()]
        result = function(*args, **kwargs)
        if "{kind}" == "input":
            return next((i for i in inputs if isinstance(i, torch.Tensor)), inputs[0])
        return _spoil(result)
    return wrapper


def _answering(cls):
    """Names of the methods whose results are judged: of a module `forward`, else all."""
    if issubclass(cls, torch.nn.Module):
        return ["forward"]
    return [name for name in vars(cls) if not name.startswith("_")]


if isinstance({name}, type):
    for _name in _answering({name}):
        setattr({name}, _name, _spoiled(getattr({name}, _name)))
else:
    {name} = _spoiled({name})
'''


@dataclass(frozen=True)
class Answer:
    """One file of a bank."""

    exercise: Exercise
    path: Path

    @property
    def docstring(self) -> str:
        return ast.get_docstring(ast.parse(self.path.read_text(encoding="utf-8"))) or ""

    @property
    def rejected_by(self) -> str:
        """Title of the part that must reject a wrong answer; empty if it names none."""
        last = self.docstring.rpartition("\n")[2]
        return last.removeprefix("Rejected by: ") if last.startswith("Rejected by: ") else ""


def bank(exercise: Exercise, kind: str) -> list[Answer]:
    """The answers in `tests/NN_slug/<kind>/`, in order of their names."""
    return [Answer(exercise, path) for path in sorted((exercise.tests / kind).glob("*.py"))]


def degenerate(name: str, kind: str) -> str:
    """Source of an overlay under which `name` returns degenerate data."""
    return _DEGENERATE.format(name=name, kind=kind)


def public_names(path: Path) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    """The public functions and classes that a file defines at its top level."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }


def methods(node: ast.FunctionDef | ast.ClassDef) -> list[ast.FunctionDef]:
    """The function itself, or the public methods and the constructor of a class."""
    if isinstance(node, ast.FunctionDef):
        return [node]
    return [
        item
        for item in node.body
        if isinstance(item, ast.FunctionDef)
        and (item.name == "__init__" or not item.name.startswith("_"))
    ]


def solved_up_to(exercise: Exercise, number: int) -> str:
    """The solution's source without the public names that later parts than `number` own."""
    order = {part.class_name: part.number for part in exercise.parts}
    later = {name for name, owner in exercise.owners.items() if order[owner] > number}
    tree = ast.parse(exercise.solution.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if getattr(node, "name", None) not in later]
    return ast.unparse(tree)
