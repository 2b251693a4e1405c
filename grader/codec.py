"""A wire format that holds data and nothing else.

The bytes that `decode` reads may be an attack: nothing in them is executed or
looked up by name, every size is checked against the bytes that are there, and
whatever is amiss ends in `Malformed`.

A value is a tag of one byte and what the tag calls for. Counts and lengths are
unsigned 32-bit, the sides of a shape 64-bit, everything little-endian.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import torch

from grader.data import (
    DTYPE_NAMES,
    DTYPES,
    MAX_DEPTH,
    MAX_DIMENSIONS,
    MAX_INT_BITS,
    MAX_NODES,
    MAX_NUMERIC_KEYS,
    MAX_TEXT,
    NotData,
    article,
    is_key,
    is_sound,
    plain,
)

__all__ = ["MAX_BYTES", "Malformed", "NotData", "decode", "encode", "plain"]

MAX_BYTES = 64 * 2**20
_MAX_ELEMENTS = 2**31  # keeps the arithmetic on shapes within 64 bits where a side is 0
_SLACK = 64  # what an answer may wrap around a result that is at its limits
_ARRAY_DTYPE = re.compile(r"[<>|][biufcSU][1-9][0-9]{0,6}", re.ASCII)
_DEVICES = ("cpu", "cuda")


class Malformed(ValueError):
    """Bytes that no `encode` wrote; the message says what is wrong with them."""


# -- to bytes ---------------------------------------------------------------------------------


def encode(value: object) -> bytes:
    """The bytes from which `decode` rebuilds `value`.

    Parameters
    ----------
    value : data
        As `plain` returns it: exact base types only.

    Raises
    ------
    NotData
        If anything else is in it, or it takes more than `MAX_BYTES`.
    """
    out = bytearray()
    _write(out, value)
    return bytes(out)


def _write(out: bytearray, value: Any) -> None:
    tag, write = _WRITERS.get(type(value), (b"", None))
    if write is None:
        raise NotData(f"{article(type(value).__name__)} cannot cross; `plain` makes data of it")
    out += tag
    write(out, value)
    if len(out) > MAX_BYTES:
        raise NotData(f"the result takes more than {MAX_BYTES:,} bytes")


def _write_blob(out: bytearray, data: bytes | memoryview) -> None:
    out += struct.pack("<I", len(data))
    out += data


def _write_int(out: bytearray, value: int) -> None:
    _write_blob(out, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))


def _write_items(out: bytearray, items: Collection) -> None:
    out += struct.pack("<I", len(items))
    for item in items:
        _write(out, item)


def _write_dict(out: bytearray, value: dict) -> None:
    out += struct.pack("<I", len(value))
    for key, item in value.items():
        _write(out, key)
        _write(out, item)


def _write_tensor(out: bytearray, value: torch.Tensor) -> None:
    _write_blob(out, DTYPE_NAMES[value.dtype].encode())
    _write_blob(out, value.device.type.encode())
    _write_shape(out, value.shape)
    flat = value.detach().cpu().contiguous().reshape(-1)
    _write_blob(out, flat.view(torch.uint8).numpy().data)


def _write_array(out: bytearray, value: np.ndarray) -> None:
    _write_blob(out, value.dtype.str.encode())
    _write_shape(out, value.shape)
    _write_blob(out, value.tobytes())


def _write_shape(out: bytearray, shape: Sequence[int]) -> None:
    out += struct.pack(f"<B{len(shape)}Q", len(shape), *shape)


_WRITERS: dict[type, tuple[bytes, Callable[[bytearray, Any], object]]] = {
    type(None): (b"N", lambda out, value: None),
    bool: (b"B", lambda out, value: out.append(value)),
    int: (b"i", _write_int),
    float: (b"f", lambda out, value: out.extend(struct.pack("<d", value))),
    complex: (b"c", lambda out, value: out.extend(struct.pack("<2d", value.real, value.imag))),
    str: (b"s", lambda out, value: _write_blob(out, value.encode())),
    bytes: (b"b", _write_blob),
    list: (b"l", _write_items),
    tuple: (b"u", _write_items),
    dict: (b"d", _write_dict),
    torch.Tensor: (b"t", _write_tensor),
    np.ndarray: (b"a", _write_array),
}


# -- from bytes -------------------------------------------------------------------------------


def decode(data: bytes | bytearray, devices: Collection[str] = ("cpu",)) -> Any:
    """The value that `encode` made `data` of.

    Parameters
    ----------
    data : bytes
        From anywhere: nothing in them is trusted.
    devices : collection of str
        Kinds of device that a tensor may lie on. Each is put back on its own.

    Raises
    ------
    Malformed
        If `encode` could not have written them, or a limit of this module is passed.
    """
    if len(data) > MAX_BYTES + _SLACK:
        raise Malformed(f"{len(data):,} bytes, at most {MAX_BYTES:,} are read")
    reader = _Reader(data, devices)
    value = reader.value()
    if reader.position != len(data):
        raise Malformed(f"{len(data) - reader.position:,} bytes after the end")
    return value


class _Reader:
    def __init__(self, data: bytes | bytearray, devices: Collection[str]) -> None:
        self.data = memoryview(data)
        self.devices = devices
        self.position = 0
        self.nodes = 0
        self.depth = 0

    def value(self) -> Any:
        self.nodes += 1
        self.depth += 1
        if self.depth > MAX_DEPTH + _SLACK or self.nodes > MAX_NODES + _SLACK:
            raise Malformed("nested too deep, or too many items")
        tag = bytes(self.take(1))
        read = _READERS.get(tag)
        if read is None:
            raise Malformed(f"unknown tag {tag!r}")
        value = read(self)
        self.depth -= 1
        return value

    def take(self, count: int) -> memoryview:
        start, self.position = self.position, self.position + count
        if self.position > len(self.data):
            raise Malformed("ends too early")
        return self.data[start : self.position]

    def unpack(self, layout: str) -> tuple:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def blob(self) -> memoryview:
        return self.take(*self.unpack("<I"))

    def text(self) -> str:
        try:
            return str(self.blob(), "utf-8")
        except UnicodeDecodeError as problem:
            raise Malformed(f"text is not UTF-8: {problem.reason}") from None

    def shape(self) -> tuple[int, ...]:
        (dimensions,) = self.unpack("<B")
        shape = self.unpack(f"<{dimensions}Q") if dimensions <= MAX_DIMENSIONS else ()
        if dimensions != len(shape) or math.prod(max(side, 1) for side in shape) > _MAX_ELEMENTS:
            raise Malformed("a shape is too large")
        return shape

    def elements(self, shape: tuple[int, ...], itemsize: int) -> bytearray:
        data = self.blob()
        if math.prod(shape) * itemsize != len(data):
            raise Malformed(f"{len(data):,} bytes do not fill the shape {shape}")
        return bytearray(data)


def _read_bool(reader: _Reader) -> bool:
    (value,) = reader.unpack("<B")
    if value > 1:
        raise Malformed(f"{value} is no boolean")
    return value == 1


def _read_int(reader: _Reader) -> int:
    data = reader.blob()
    if not 0 < len(data) <= MAX_INT_BITS // 8 + 1:
        raise Malformed(f"an integer of {len(data):,} bytes")
    return int.from_bytes(data, "little", signed=True)


def _read_text(reader: _Reader) -> str:
    text = reader.text()
    if len(text) > MAX_TEXT:
        raise Malformed(f"a string of {len(text):,} characters")
    return text


def _read_list(reader: _Reader) -> list:
    (count,) = reader.unpack("<I")
    return [reader.value() for _ in range(count)]


def _read_dict(reader: _Reader) -> dict:
    (count,) = reader.unpack("<I")
    result: dict = {}
    numeric = 0
    for _ in range(count):
        key = _read_key(reader)
        numeric += type(key) is not str
        if numeric > MAX_NUMERIC_KEYS or key in result:
            raise Malformed("too many keys of numbers, or the same key twice")
        result[key] = reader.value()
    return result


def _read_key(reader: _Reader) -> Any:
    key = reader.value()
    if not is_key(key):
        raise Malformed(f"a dict keyed by {article(type(key).__name__)}")
    return key


def _read_tensor(reader: _Reader) -> torch.Tensor:
    dtype = DTYPES.get(name := reader.text())
    device = reader.text()
    if dtype is None or device not in reader.devices or device not in _DEVICES:
        raise Malformed(f"a tensor of dtype {name[:20]!r} on {device[:20]!r}")
    shape = reader.shape()
    data = reader.elements(shape, dtype.itemsize)
    if dtype is torch.bool and not is_sound(np.frombuffer(data, np.bool_)):
        raise Malformed("a boolean tensor of other bytes than 0 and 1")
    if not data:
        return torch.empty(shape, dtype=dtype, device=device)
    return torch.frombuffer(data, dtype=dtype).reshape(shape).to(device)


def _read_array(reader: _Reader) -> np.ndarray:
    dtype = _array_dtype(reader.text())
    shape = reader.shape()
    array = np.frombuffer(reader.elements(shape, dtype.itemsize), dtype)
    if not is_sound(array):
        raise Malformed(f"an array of {dtype} with elements that it cannot have")
    return array.reshape(shape)


def _array_dtype(name: str) -> np.dtype:
    try:
        if _ARRAY_DTYPE.fullmatch(name):
            return np.dtype(name)
    except TypeError:
        pass
    raise Malformed(f"an array of dtype {name[:20]!r}")


_READERS: dict[bytes, Callable[[_Reader], Any]] = {
    b"N": lambda reader: None,
    b"B": _read_bool,
    b"i": _read_int,
    b"f": lambda reader: reader.unpack("<d")[0],
    b"c": lambda reader: complex(*reader.unpack("<2d")),
    b"s": _read_text,
    b"b": lambda reader: bytes(reader.blob()),
    b"l": _read_list,
    b"u": lambda reader: tuple(_read_list(reader)),
    b"d": _read_dict,
    b"t": _read_tensor,
    b"a": _read_array,
}
