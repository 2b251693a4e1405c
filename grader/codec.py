"""What may come back from a submission: data, rebuilt as exact base types.

Tensors, arrays, numbers, strings, bytes, booleans, None, and lists, tuples and
dicts of them. Subclasses lose their behaviour, views lose their base, tensors
lose their graph: what is judged can no longer act.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_TEXT = 1_000_000


class NotData(Exception):
    """A submission returned something that is not data; the message says what and where."""


def plain(value: object) -> object:
    """A deep copy of `value` made of exact base types.

    Parameters
    ----------
    value : object
        What a function of the submission, or a probe, returned.

    Raises
    ------
    NotData
        If anything in `value` is not data, or the whole nests deeper than
        `MAX_DEPTH` or holds more than `MAX_NODES` items.
    """
    return _Copier().copy(value, "", 0)


class _Copier:
    def __init__(self) -> None:
        self.nodes = 0

    def copy(self, value: object, where: str, depth: int) -> object:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise NotData(f"the result nests deeper than {MAX_DEPTH} levels{_at(where)}")
        if self.nodes > MAX_NODES:
            raise NotData(f"the result holds more than {MAX_NODES:,} items")
        for kind, rebuild in _LEAVES:
            if isinstance(value, kind):
                return rebuild(value, where)
        if isinstance(value, dict):
            return {
                self._key(key, where): self.copy(item, f"{where}[{_short(key)}]", depth + 1)
                for key, item in dict.items(value)
            }
        if isinstance(value, list | tuple):
            base = list if isinstance(value, list) else tuple
            return base(self.copy(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value))
        raise NotData(
            f"returned {_article(type(value).__name__)}{_at(where)}, which is not data; "
            "return tensors, arrays, numbers, strings, or lists, tuples and dicts of them"
        )

    def _key(self, key: object, where: str) -> object:
        if isinstance(key, str | int | float | tuple | np.integer) or key is None:
            return self.copy(key, where, 1)
        raise NotData(f"a dict is keyed by {_article(type(key).__name__)}{_at(where)}")


def _tensor(value: torch.Tensor, where: str) -> torch.Tensor:
    if value.layout is not torch.strided or value.is_quantized or value.device.type == "meta":
        raise NotData(
            f"returned a tensor that is not plain and dense{_at(where)} "
            f"(layout {value.layout}, device {value.device})"
        )
    copy = torch.Tensor.detach(value).as_subclass(torch.Tensor)
    return copy.resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)


def _array(value: np.ndarray, where: str) -> np.ndarray:
    if value.dtype.kind not in "biufcSU":
        raise NotData(f"returned an array of dtype {value.dtype}{_at(where)}")
    return np.array(value, copy=True, order="C", subok=False)


def _text(value: str, where: str) -> str:
    if str.__len__(value) > MAX_TEXT:
        raise NotData(f"returned a string of more than {MAX_TEXT:,} characters{_at(where)}")
    return str.__str__(value)


# Order matters: a bool is an int, and NumPy's float64 is a float.
_LEAVES: list[tuple[type | tuple[type, ...], Callable]] = [
    (torch.Tensor, _tensor),
    (np.ndarray, _array),
    (type(None), lambda value, where: None),
    ((bool, np.bool_), lambda value, where: bool(value)),
    (int, lambda value, where: int.__int__(value)),
    (np.integer, lambda value, where: int(value)),
    (float, lambda value, where: float.__float__(value)),
    (np.floating, lambda value, where: float(value)),
    (complex, lambda value, where: complex.__complex__(value)),
    (str, _text),
    (bytes, lambda value, where: bytes.__bytes__(value)),
]


def _at(where: str) -> str:
    return f" at {where}" if where else ""


def _short(key: object) -> str:
    text = repr(key) if isinstance(key, str | int | float | tuple) else type(key).__name__
    return text if len(text) <= 40 else text[:37] + "..."


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
