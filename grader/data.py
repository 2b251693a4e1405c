"""What may come back from a submission: data, rebuilt as exact base types.

Tensors, arrays, numbers, strings, bytes, booleans, None, and lists, tuples and
dicts of them. Subclasses lose their behaviour, views lose their base, tensors
lose their graph: what is judged can no longer act.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_TEXT = 1_000_000
MAX_DIMENSIONS = 16
MAX_INT_BITS = 14_000  # what Python still prints without complaint
# Numbers can be chosen to collide in a hash table, whose cost then grows with the square.
MAX_NUMERIC_KEYS = 2_000

DTYPES = {
    "bool": torch.bool,
    "uint8": torch.uint8,
    "uint16": torch.uint16,
    "uint32": torch.uint32,
    "uint64": torch.uint64,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
    "complex64": torch.complex64,
    "complex128": torch.complex128,
}
DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}


class NotData(Exception):
    """A submission returned something that is not data; the message says what and where."""


def plain(value: object) -> Any:
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
            return self._dict(value, where, depth)
        if isinstance(value, list | tuple):
            base = list if isinstance(value, list) else tuple
            return base(self.copy(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value))
        raise NotData(
            f"returned {article(type(value).__name__)}{_at(where)}, which is not data; "
            "return tensors, arrays, numbers, strings, or lists, tuples and dicts of them"
        )

    def _dict(self, value: dict, where: str, depth: int) -> dict:
        copy = {
            self._key(key, where, depth + 1): self.copy(item, f"{where}[{_short(key)}]", depth + 1)
            for key, item in dict.items(value)
        }
        if sum(type(key) is not str for key in copy) > MAX_NUMERIC_KEYS:
            raise NotData(f"a dict has more than {MAX_NUMERIC_KEYS:,} keys of numbers{_at(where)}")
        return copy

    def _key(self, key: object, where: str, depth: int) -> object:
        copy = self.copy(key, where, depth)
        if not is_key(copy):
            raise NotData(f"a dict is keyed by {article(type(key).__name__)}{_at(where)}")
        return copy


def _tensor(value: torch.Tensor, where: str) -> torch.Tensor:
    if value.layout is not torch.strided or value.is_quantized or value.device.type == "meta":
        raise NotData(
            f"returned a tensor that is not plain and dense{_at(where)} "
            f"(layout {value.layout}, device {value.device})"
        )
    if value.dtype not in DTYPE_NAMES or value.dim() > MAX_DIMENSIONS:
        raise NotData(
            f"returned a tensor of dtype {value.dtype} "
            f"with {value.dim()} dimensions{_at(where)}, which cannot be judged"
        )
    copy = torch.Tensor.detach(value).as_subclass(torch.Tensor)
    return copy.resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)


def _array(value: np.ndarray, where: str) -> np.ndarray:
    if value.dtype.kind not in "biufcSU" or value.ndim > MAX_DIMENSIONS:
        raise NotData(
            f"returned an array of dtype {value.dtype} "
            f"with {value.ndim} dimensions{_at(where)}, which cannot be judged"
        )
    copy = np.array(value, copy=True, order="C", subok=False)
    if copy.dtype.itemsize == 0 or not is_sound(copy):
        raise NotData(f"returned an array of text that no report can show{_at(where)}")
    return copy


def _int(value: int, where: str) -> int:
    if int.bit_length(value) > MAX_INT_BITS:
        raise NotData(f"returned an integer of more than {MAX_INT_BITS:,} bits{_at(where)}")
    return int.__int__(value)


def _text(value: str, where: str) -> str:
    if str.__len__(value) > MAX_TEXT:
        raise NotData(f"returned a string of more than {MAX_TEXT:,} characters{_at(where)}")
    # Half a surrogate pair cannot be written to any report.
    return str.encode(value, "utf-8", "replace").decode()


# Order matters: a bool is an int, and NumPy's float64 is a float.
_LEAVES: list[tuple[type | tuple[type, ...], Callable]] = [
    (torch.Tensor, _tensor),
    (np.ndarray, _array),
    (type(None), lambda value, where: None),
    ((bool, np.bool_), lambda value, where: bool(value)),
    (int, _int),
    (np.integer, lambda value, where: int(value)),
    (float, lambda value, where: float.__float__(value)),
    (np.floating, lambda value, where: float(value)),
    (complex, lambda value, where: complex.__complex__(value)),
    (str, _text),
    (bytes, lambda value, where: bytes.__bytes__(value)),
]


def is_key(value: object) -> bool:
    """Whether `value` may key a dict: a number, a string, None, or a tuple of them."""
    if isinstance(value, tuple):
        return all(is_key(item) for item in value)
    return value is None or isinstance(value, str | int | float)


def is_sound(array: np.ndarray) -> bool:
    """Whether every element is a value that its dtype can have."""
    if array.dtype.kind == "b":
        return bool((array.view(np.uint8) <= 1).all())
    if array.dtype.kind == "U":
        codes = np.frombuffer(
            array.tobytes(), np.dtype(np.uint32).newbyteorder(array.dtype.byteorder)
        )
        surrogates = (codes >= 0xD800) & (codes < 0xE000)
        return bool((codes < 0x110000).all() and not surrogates.any())
    return True


def _at(where: str) -> str:
    return f" at {where}" if where else ""


def _short(key: object) -> str:
    text = repr(key) if isinstance(key, str | int | float | tuple) else type(key).__name__
    return text if len(text) <= 40 else text[:37] + "..."


def article(noun: str) -> str:
    """`noun` after the article that it takes: an int, a uint8, a float."""
    return f"{'an' if noun[:1].lower() in 'aeio' else 'a'} {noun}"
