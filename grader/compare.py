"""Strict comparators: kind, shape, dtype, device, finiteness, then values.

Nothing broadcasts, nothing is cast, and no tolerance is loose by default: it is
set by the dtype and scaled to the magnitude of what was expected. Every failure
is a `Mismatch`, which carries what came back and what was expected in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
import torch

from grader.data import article
from grader.describe import describe, number

# Relative tolerance by dtype: a few hundred units in the last place, enough for
# another order of summation, far too little for a lower precision.
RTOL = {
    torch.float64: 1e-10,
    torch.float32: 2e-5,
    torch.float16: 2e-3,
    torch.bfloat16: 1.6e-2,
    torch.complex128: 1e-10,
    torch.complex64: 2e-5,
}


class Mismatch(AssertionError):
    """What came back differs from what was expected.

    Attributes
    ----------
    got, expected : str
        Both in words, one line each.
    """

    def __init__(self, got: str, expected: str) -> None:
        super().__init__(f"got {got}; expected {expected}")
        self.got = got
        self.expected = expected


def assert_close(
    actual: object,
    expected: object,
    *,
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Assert that `actual` is `expected` up to rounding.

    Parameters
    ----------
    actual : data
        What came back.
    expected : data
        Tensor, array, number, or lists, tuples and dicts of them. Its kind, shape,
        dtype and device are required as well.
    rtol : float, optional
        Relative tolerance; `RTOL` of the dtype if not given.
    atol : float, optional
        Absolute tolerance; `rtol` times the largest finite magnitude in `expected` if not given.

    Raises
    ------
    Mismatch
        At the first difference, naming its place.
    """
    __tracebackhide__ = True
    _compare(actual, expected, rtol, atol, "")


def assert_equal(actual: object, expected: object) -> None:
    """Assert that `actual` is `expected` exactly: every bit of every number."""
    __tracebackhide__ = True
    _compare(actual, expected, 0.0, 0.0, "")


def assert_tensor(
    value: object,
    *,
    shape: Sequence[int] | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str = "cpu",
    finite: bool = True,
) -> None:
    """Assert that `value` is a tensor of this shape, dtype and device: do so before judging it."""
    __tracebackhide__ = True
    wanted = "a tensor" if dtype is None else f"{article(_name(dtype))} tensor"
    wanted += "" if shape is None else f" of shape {tuple(shape)}"
    if not isinstance(value, torch.Tensor):
        raise Mismatch(describe(value), wanted)
    if (shape is not None and tuple(value.shape) != tuple(shape)) or (
        dtype is not None and value.dtype != dtype
    ):
        raise Mismatch(_form(value), wanted)
    if value.device.type != torch.device(device).type:
        raise Mismatch(f"a tensor on {value.device}", f"one on {device}, like the input")
    if finite and not bool(torch.isfinite(value).all()):
        raise Mismatch(describe(value), f"{wanted} with finite values only")


def assert_between(value: object, low: float, high: float) -> None:
    """Assert that a number, or every entry of a tensor, lies in [low, high]."""
    __tracebackhide__ = True
    wanted = f"within [{low:.6g}, {high:.6g}]"
    if isinstance(value, torch.Tensor) and value.numel() and value.dtype != torch.bool:
        inside = bool(((value >= low) & (value <= high)).all())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        inside = low <= value <= high
    else:
        inside = False
    if not inside:
        raise Mismatch(describe(value), wanted)


def _compare(
    actual: Any, expected: object, rtol: float | None, atol: float | None, where: str
) -> None:
    __tracebackhide__ = True
    if isinstance(expected, torch.Tensor | np.ndarray):
        _compare_tensors(actual, expected, rtol, atol, where)
    elif isinstance(expected, dict):
        _compare_dicts(actual, expected, rtol, atol, where)
    elif isinstance(expected, list | tuple):
        if type(actual) is not type(expected):
            _fail(describe(actual), f"{article(type(expected).__name__)} of {len(expected)}", where)
        if len(actual) != len(expected):
            kind = article(type(actual).__name__)
            _fail(f"{kind} of {len(actual)}", f"one of {len(expected)}", where)
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            _compare(a, e, rtol, atol, f"{where}[{i}]")
    elif isinstance(expected, float):
        _compare_floats(actual, expected, rtol, atol, where)
    elif type(actual) is not type(expected) or actual != expected:
        _fail(_with_kind(actual, expected), describe(expected), where)


def _compare_dicts(
    actual: Any, expected: dict, rtol: float | None, atol: float | None, where: str
) -> None:
    __tracebackhide__ = True
    if type(actual) is not dict:
        _fail(describe(actual), f"a dict with the keys {list(expected)}", where)
    if set(actual) != set(expected):
        _fail(f"a dict with the keys {describe(list(actual))}", f"the keys {list(expected)}", where)
    for key, value in expected.items():
        _compare(actual[key], value, rtol, atol, f"{where}[{key!r}]")


def _compare_floats(
    actual: object, expected: float, rtol: float | None, atol: float | None, where: str
) -> None:
    __tracebackhide__ = True
    if isinstance(actual, bool) or not isinstance(actual, int | float):
        _fail(_with_kind(actual, expected), f"{number(expected)}, a float", where)
    a, e = (torch.tensor(float(value), dtype=torch.float64) for value in (actual, expected))
    if not _within(a, e, rtol, atol).item():
        _fail(_enough_digits(float(actual), expected), f"{number(expected)}", where)


def _compare_tensors(
    actual: Any,
    expected: Any,
    rtol: float | None,
    atol: float | None,
    where: str,
) -> None:
    __tracebackhide__ = True
    if type(actual) is not type(expected):
        _fail(_with_kind(actual, expected), _form(expected), where)
    if tuple(actual.shape) != tuple(expected.shape) or actual.dtype != expected.dtype:
        _fail(_form(actual), _form(expected), where)
    if isinstance(expected, np.ndarray):
        actual, expected = torch.from_numpy(actual), torch.from_numpy(expected)
    if actual.device.type != expected.device.type:
        _fail(f"a tensor on {actual.device}", f"one on {expected.device}", where)
    wrong = ~_within(actual, expected, rtol, atol)
    if bool(wrong.any()):
        _fail(*_first_difference(actual, expected, wrong), where)


def _within(
    actual: torch.Tensor, expected: torch.Tensor, rtol: float | None, atol: float | None
) -> torch.Tensor:
    """Elementwise verdict; infinities and NaN must stand in the same places."""
    same = (actual == expected) | (actual.isnan() & expected.isnan())
    if not (expected.is_floating_point() or expected.is_complex()):
        return same
    if rtol is None:
        rtol = RTOL[expected.dtype]
    wide = torch.complex128 if expected.is_complex() else torch.float64
    a, e = actual.to(wide), expected.to(wide)
    finite = e.isfinite()
    if atol is None:
        atol = rtol * (e[finite].abs().max().item() if bool(finite.any()) else 0.0)
    return same | (finite & a.isfinite() & ((a - e).abs() <= atol + rtol * e.abs()))


def _first_difference(
    actual: torch.Tensor, expected: torch.Tensor, wrong: torch.Tensor
) -> tuple[str, str]:
    count, total = int(wrong.sum()), wrong.numel()
    index = tuple(wrong.nonzero()[0].tolist())
    a, e = actual[index].item(), expected[index].item()
    place = f" at index {list(index)}" if index else ""
    share = f" ({count} of {total} entries are wrong)" if total > 1 else ""
    whole = f"; all of it: {describe(actual)}" if 1 < total <= 12 else ""
    return f"{_enough_digits(a, e)}{place}{share}{whole}", f"{number(e)}{place}"


def _enough_digits(actual: complex, expected: complex) -> str:
    """`actual` in as many digits as it takes to differ from `expected` as shown."""
    if isinstance(actual, float) and number(actual) == number(expected):
        return f"{actual!r} (off by {abs(actual - expected):.2g})"
    return number(actual)


def _with_kind(value: object, expected: object) -> str:
    text = describe(value)
    kind = type(value).__name__
    return text if kind == type(expected).__name__ or value is None else f"{text} ({kind})"


def _form(value: torch.Tensor | np.ndarray) -> str:
    kind = "tensor" if isinstance(value, torch.Tensor) else "array"
    return f"{article(_name(value.dtype))} {kind} of shape {tuple(value.shape)}"


def _name(dtype: object) -> str:
    return str(dtype).removeprefix("torch.")


def _fail(got: str, expected: str, where: str) -> NoReturn:
    __tracebackhide__ = True
    suffix = f" at {where}" if where else ""
    raise Mismatch(got + suffix, expected + suffix)
