"""What crosses from a submission: all data, exactly, and nothing but data."""

from __future__ import annotations

import math
import struct
import time
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.codec import Malformed, NotData, decode, encode, plain
from grader.data import DTYPES, MAX_DEPTH, MAX_DIMENSIONS, MAX_INT_BITS, MAX_NUMERIC_KEYS


def fingerprint(value: Any) -> object:
    """Types, shapes and bits of a value: equal for two that nobody can tell apart."""
    kind = type(value)
    if kind is torch.Tensor:
        bits = value.reshape(-1).view(torch.uint8).numpy().tobytes()
        return kind, value.dtype, value.shape, value.device.type, value.requires_grad, bits
    if kind is np.ndarray:
        return kind, value.dtype.str, value.shape, value.tobytes()
    if kind is float:
        return kind, struct.pack("<d", value)
    if kind is complex:
        return kind, struct.pack("<2d", value.real, value.imag)
    if kind in (list, tuple):
        return kind, [fingerprint(item) for item in value]
    if kind is dict:
        return kind, [(fingerprint(key), fingerprint(item)) for key, item in value.items()]
    return kind, value


def assert_survives(value: object) -> None:
    assert fingerprint(decode(encode(plain(value)))) == fingerprint(plain(value))


SCALARS = [
    None,
    True,
    False,
    0,
    -1,
    255,
    -(2**63),
    2**4096 + 1,
    -(2**8191),
    0.0,
    -0.0,
    5e-324,
    math.inf,
    -math.inf,
    math.nan,
    complex(-0.0, math.nan),
    "",
    "naïve, 漢字, 🥋, \0",
    b"",
    bytes(range(256)),
]


@pytest.mark.parametrize("value", SCALARS, ids=lambda value: repr(value)[:20])
def test_scalars_survive(value: object) -> None:
    """Numbers keep every bit and their type; strings and bytes every character."""
    assert_survives(value)


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 1), (1,) * MAX_DIMENSIONS])
def test_tensors_survive(name: str, shape: tuple[int, ...]) -> None:
    """A tensor keeps dtype, shape and every bit."""
    tensor = torch.linspace(-3, 3, math.prod(shape)).reshape(shape).to(DTYPES[name])
    assert_survives(tensor)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=">f8").reshape(2, 3),
        np.arange(6, dtype=np.int16)[::2],
        np.array(2.5, dtype=np.longdouble),
        np.array([1 + 2j], dtype=np.complex64),
        np.array([True, False]),
        np.array(["ab", "漢"]),
        np.array([b"ab", b"c"]),
        np.empty((0, 4), dtype=np.float16),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    ],
    ids=str,
)
def test_arrays_survive(array: np.ndarray) -> None:
    """An array keeps dtype, byte order, shape and every bit."""
    assert_survives(array)


def test_containers_survive() -> None:
    """Lists, tuples and dicts keep their kind, order and keys of any kind."""
    assert_survives([(), [], {}, [1, (2, [3.0])], {"b": 1, "a": [None], 3: 4, (1, "x"): {None: 2}}])


def test_not_a_number_survives_in_bits() -> None:
    """The payload of a NaN in a tensor is kept."""
    bits = torch.tensor([0x7FC0_0001, -1, 0x7F80_0000], dtype=torch.int32)
    assert_survives(bits.view(torch.float32))


def test_views_and_gradients_are_left_behind() -> None:
    """A view comes back contiguous, a lazily conjugated tensor conjugated, a graph not at all."""
    base = torch.arange(6.0, requires_grad=True)
    result = decode(encode(plain([(base * 2).reshape(2, 3).T, torch.tensor([1 + 2j]).conj()])))
    assert result[0].is_contiguous()
    assert not result[0].requires_grad
    assert result[0].tolist() == [[0.0, 6.0], [2.0, 8.0], [4.0, 10.0]]
    assert not result[1].is_conj()
    assert result[1].tolist() == [1 - 2j]


def test_results_can_be_written_to() -> None:
    """What comes back owns its memory."""
    tensor, array = decode(encode([torch.zeros(2), np.zeros(2)]))
    tensor[0], array[0] = 1.0, 1.0
    assert (tensor[0], array[0]) == (1.0, 1.0)


class _Sly(dict):
    def __getitem__(self, key):
        return "sly"

    def items(self):
        return [("sly", 1)]


class _Five(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


def test_subclasses_become_their_base() -> None:
    """A value that lies about itself is rebuilt as what it is."""
    result = plain([_Sly(a=1), _Five(4), torch.nn.Parameter(torch.ones(1)), np.float32(2)])
    assert [type(item) for item in result] == [dict, int, torch.Tensor, float]
    assert result[0] == {"a": 1}
    assert result[1] != 5


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        torch.ones(2).to_sparse(),
        torch.empty(2, device="meta"),
        np.array([object()]),
        {"a": lambda: 0},
        {frozenset(): 1},
        {(1, (torch.ones(1),)): 1},
        2 ** (MAX_INT_BITS + 1),
        "x" * 2_000_000,
        np.array(["\ud800"]),
        dict.fromkeys(range(MAX_NUMERIC_KEYS + 1)),
        torch.ones((1,) * (MAX_DIMENSIONS + 1)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_data_is_refused(value: object) -> None:
    """Objects, functions and oversized values are refused in words."""
    with pytest.raises(NotData, match=r"\w"):
        plain(value)


def test_endless_nesting_is_refused() -> None:
    """A list that holds itself is refused, and so is one nested too deep."""
    endless: list = []
    endless.append(endless)
    with pytest.raises(NotData, match="deeper"):
        plain(endless)


def test_half_a_surrogate_is_replaced() -> None:
    """A string that no file could hold arrives as one that any file can."""
    assert plain("a\ud800b") == "a?b"


def test_only_plain_data_is_encoded() -> None:
    """Even a subclass of a base type must go through `plain` first."""
    with pytest.raises(NotData):
        encode(_Five(4))


# -- attacks ----------------------------------------------------------------------------------


def _blob(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def _tensor(
    dtype: bytes, shape: tuple[int, ...], data: bytes, device: bytes = b"cpu", sides: int = -1
) -> bytes:
    count = len(shape) if sides < 0 else sides
    sizes = struct.pack(f"<B{len(shape)}Q", count, *shape)
    return b"t" + _blob(dtype) + _blob(device) + sizes + _blob(data)


def _array(dtype: bytes, shape: tuple[int, ...], data: bytes) -> bytes:
    return b"a" + _blob(dtype) + struct.pack(f"<B{len(shape)}Q", len(shape), *shape) + _blob(data)


def _nested(tag: bytes) -> bytes:
    return (tag + struct.pack("<I", 1)) * 200 + b"N"


MALFORMED = {
    "nothing": b"",
    "an unknown tag": b"z",
    "a pickle": b"\x80\x04K\x01.",
    "more after the end": b"NN",
    "half a number": b"f\0\0",
    "a boolean of 2": b"B\2",
    "an empty integer": b"i" + _blob(b""),
    "a vast integer": b"i" + _blob(b"\1" * 100_000),
    "a string that is not UTF-8": b"s" + _blob(b"\xff"),
    "a surrogate": b"s" + _blob("\ud800".encode("utf-8", "surrogatepass")),
    "a vast string": b"s" + _blob(b"x" * 1_000_001),
    "a string longer than what is there": b"s\xff\xff\xff\xffx",
    "a list longer than what is there": b"l\xff\xff\xff\xff",
    "a list nested too deep": _nested(b"l"),
    "a tuple nested too deep": _nested(b"u"),
    "too many items": b"l" + struct.pack("<I", 200_000) + b"N" * 200_000,
    "the same key twice": b"d\2\0\0\0" + (b"s" + _blob(b"a") + b"N") * 2,
    "one and true": b"d\2\0\0\0" + b"i" + _blob(b"\1") + b"N" + b"B\1" + b"N",
    "a list as a key": b"d\1\0\0\0" + b"l\0\0\0\0" + b"N",
    "a tensor as a key": b"d\1\0\0\0" + _tensor(b"uint8", (1,), b"a") + b"N",
    "a tensor in a tuple as a key": b"d\1\0\0\0u\1\0\0\0" + _tensor(b"uint8", (1,), b"a") + b"N",
    "an unknown dtype": _tensor(b"qint8", (1,), b"a"),
    "an attribute for a dtype": _tensor(b"__class__", (1,), b"a"),
    "a dtype that is not UTF-8": _tensor(b"\xff", (1,), b"a"),
    "another device": _tensor(b"uint8", (1,), b"a", device=b"cuda"),
    "an unknown device": _tensor(b"uint8", (1,), b"a", device=b"meta"),
    "too little for the shape": _tensor(b"float32", (2,), b"1234"),
    "too much for the shape": _tensor(b"float32", (1,), b"12345"),
    "a vast shape": _tensor(b"uint8", (2**40, 2**40), b""),
    "a vast empty shape": _tensor(b"uint8", (2**62, 0, 2**62), b""),
    "a shape that overflows": _tensor(b"uint8", (2**32, 2**32), b""),
    "too many dimensions": _tensor(b"uint8", (1,) * 100, b"a"),
    "fewer sides than dimensions": _tensor(b"uint8", (1,), b"a", sides=9),
    "booleans of 2": _tensor(b"bool", (1,), b"\2"),
    "an array of objects": _array(b"|O", (1,), bytes(8)),
    "an array of records": _array(b"i4,i4", (1,), bytes(8)),
    "an array of dates": _array(b"<M8[s]", (1,), bytes(8)),
    "an array of nothing": _array(b"<U0", (2**30,), b""),
    "an array of no such size": _array(b"<f3", (1,), bytes(3)),
    "an array of code points beyond the last": _array(b"<U1", (1,), b"\xff\xff\xff\x7f"),
    "an array of surrogates": _array(b"<U1", (1,), b"\0\xd8\0\0"),
    "an array of booleans of 2": _array(b"|b1", (1,), b"\2"),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_bytes_are_refused(data: bytes) -> None:
    """What `encode` cannot have written ends in `Malformed`, at once."""
    began = time.monotonic()
    with pytest.raises(Malformed):
        decode(data)
    assert time.monotonic() - began < 1


def test_too_many_bytes_are_refused_unread() -> None:
    """Beyond the limit on bytes nothing is looked at."""
    with pytest.raises(Malformed, match="at most"):
        decode(bytes(64 * 2**20 + 1000))


def test_colliding_keys_cost_little() -> None:
    """Keys chosen for equal hashes are cut off before their cost grows."""
    prime = 2**61 - 1
    count = 50_000
    keys = [(prime * i).to_bytes(24, "little", signed=True) for i in range(count)]
    data = b"d" + struct.pack("<I", count) + b"".join(b"i" + _blob(key) + b"N" for key in keys)
    began = time.monotonic()
    with pytest.raises(Malformed, match="keys"):
        decode(data)
    assert time.monotonic() - began < 2


def test_a_result_too_large_is_refused_where_it_is_made() -> None:
    """A result beyond the limit on bytes is the submission's fault, in words."""
    with pytest.raises(NotData, match="bytes"):
        encode(torch.zeros(2**26 + 1, dtype=torch.uint8))


def test_depth_counts_the_same_on_both_sides() -> None:
    """What `plain` lets through as deep enough, `decode` takes."""
    value: object = 1.0
    for _ in range(MAX_DEPTH):
        value = [value]
    assert_survives(value)
    with pytest.raises(NotData):
        plain([value])


@settings(max_examples=300, deadline=1000, derandomize=True)
@given(st.binary(max_size=200))
def test_random_bytes_end_in_data_or_in_malformed(data: bytes) -> None:
    """Whatever the bytes, the outcome is plain data or `Malformed`."""
    try:
        value = decode(data)
    except Malformed:
        return
    assert fingerprint(plain(value)) == fingerprint(value)


_SAMPLE = encode(
    plain(
        [
            {"a": torch.ones(2, 3), (1, 2.5): np.arange(4)},
            ("text", b"bytes", 2**70, -1.5, None, True),
            torch.zeros(2, 0, dtype=torch.bool),
            np.array(["ab", "c"]),
        ]
    )
)


@settings(max_examples=600, deadline=1000, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, len(_SAMPLE) - 1), st.integers(0, 255)), max_size=4),
    st.integers(0, len(_SAMPLE)),
    st.binary(max_size=8),
)
def test_mutated_messages_end_in_data_or_in_malformed(
    changes: list[tuple[int, int]], cut: int, more: bytes
) -> None:
    """A valid message with bytes changed, cut out or put in does no harm."""
    data = bytearray(_SAMPLE)
    for position, value in changes:
        data[position] = value
    data[cut:cut] = more
    try:
        value = decode(bytes(data))
    except Malformed:
        return
    assert fingerprint(plain(value)) == fingerprint(value)


_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
)
_keys = st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.integers(), st.none())


@settings(max_examples=200, deadline=1000, derandomize=True)
@given(
    st.recursive(
        _leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.lists(inner, max_size=4).map(tuple),
            st.dictionaries(_keys, inner, max_size=4),
        ),
        max_leaves=20,
    )
)
def test_any_data_survives(value: object) -> None:
    """Data of any nesting comes back as it went."""
    assert_survives(value)
