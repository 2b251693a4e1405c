"""Values and calls in a learner's words: short, complete where small, never a wall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

SMALL = 12  # elements up to which a tensor is shown whole
WIDTH = 160  # characters that one value may take


def describe(value: object, width: int = WIDTH) -> str:
    """One line for `value`: itself when small, else kind, dtype, shape and range."""
    text = _describe(value)
    return text if len(text) <= width else text[: width - 3] + "..."


def describe_call(name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """One line for a call, as a learner could type it where the inputs are small."""
    inputs = [describe(value, 60) for value in args]
    inputs += [f"{key}={describe(value, 60)}" for key, value in kwargs.items()]
    text = f"{name}({', '.join(inputs)})"
    return text if len(text) <= 2 * WIDTH else text[: 2 * WIDTH - 4] + "...)"


def number(value: object) -> str:
    """A number with six significant digits, integers and booleans whole."""
    if isinstance(value, bool | int):
        text = str(value)
        return text if len(text) <= 24 else f"{text[:10]}...{text[-6:]} ({len(text)} digits)"
    return f"{value:.6g}"


def _describe(value: object) -> str:
    if isinstance(value, torch.Tensor):
        device = "" if value.device.type == "cpu" else f" on {value.device.type}"
        return _array(value.detach().cpu(), str(value.dtype)[6:], "tensor", device)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biuf" or value.dtype.itemsize > 8:
            return f"{value.dtype} array of shape {value.shape}"
        return _array(torch.from_numpy(value.copy()), str(value.dtype), "array", "")
    if isinstance(value, bool | int | float):
        return number(value)
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_describe(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        inner = ", ".join(_describe(item) for item in value[:SMALL])
        inner += ", ..." if len(value) > SMALL else ""
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if value is None:
        return "None"
    if isinstance(value, torch.Generator):
        return "generator"
    return getattr(value, "__name__", None) or type(value).__name__


def _array(tensor: torch.Tensor, dtype: str, kind: str, device: str) -> str:
    if tensor.numel() == 0:
        return f"empty {dtype} {kind} of shape {tuple(tensor.shape)}{device}"
    if tensor.numel() <= SMALL and tensor.ndim <= 2:
        return f"{kind}({_nested(tensor.tolist())}{device})"
    return f"{dtype} {kind} of shape {tuple(tensor.shape)}{device}, {_range(tensor)}"


def _range(tensor: torch.Tensor) -> str:
    if tensor.is_complex():
        return "complex values"
    values = tensor.double()
    finite = values[torch.isfinite(values)]
    bad = values.numel() - finite.numel()
    note = f", {bad} not finite" if bad else ""
    if not finite.numel():
        return "no finite value"
    return f"values in [{finite.min().item():.4g}, {finite.max().item():.4g}]{note}"


def _nested(values: object) -> str:
    if isinstance(values, list):
        return "[" + ", ".join(_nested(item) for item in values) + "]"
    return number(values)
