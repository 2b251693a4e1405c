"""The comparators reject everything that is not the expected value."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from grader.compare import Mismatch, assert_between, assert_close, assert_equal, assert_tensor

X = torch.tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])


def test_equal_values_pass() -> None:
    """Every kind of data equals a copy of itself."""
    for value in (X, X.double(), X.int(), X > 0, X.numpy(), 1.5, 2, True, "a", None, [X, (1, "b")]):
        assert_close(value, value)
        assert_equal({"key": value}, {"key": value})


def test_rounding_passes() -> None:
    """A difference of rounding is no difference."""
    assert_close(X * (1 + 1e-6), X)
    assert_close(0.1 + 0.2, 0.3)


@pytest.mark.parametrize(
    "actual",
    [
        None,
        X.tolist(),
        X.numpy(),
        X[:1],
        X.unsqueeze(0),
        X[0],
        X.t(),
        torch.empty(0),
        X.double(),
        X.half(),
        X.int(),
        X * math.nan,
        X + math.inf,
        X.bfloat16().float() + 1e-2,
        X * (1 + 1e-3),
        X.flip(0),
        0.0,
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_tensors_fail(actual: object) -> None:
    """Another kind, shape, dtype, order, a non-finite or a distant value is a mismatch."""
    with pytest.raises(Mismatch):
        assert_close(actual, X)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (True, 1.0),
        (torch.tensor(1.0), 1.0),
        (math.nan, 1.0),
        ("1.0", 1.0),
        (1, True),
        (1.0, 1),
        ([1.0], (1.0,)),
        ([1.0, 2.0], [1.0]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ([("a", 1)], {"a": 1}),
        (np.ones(3), torch.ones(3, dtype=torch.float64)),
        (1e-8, 0.0),
    ],
)
def test_other_data_fail(actual: object, expected: object) -> None:
    """Numbers, containers and kinds are not mixed up, and nothing is near zero but zero."""
    with pytest.raises(Mismatch):
        assert_close(actual, expected)


def test_equal_is_exact() -> None:
    """`assert_equal` sees the last bit."""
    with pytest.raises(Mismatch):
        assert_equal(X.nextafter(X + 1), X)


def test_the_tolerance_scales() -> None:
    """Tiny expected values are told apart as well as large ones."""
    tiny = torch.tensor([3e-9, 5e-9], dtype=torch.float64)
    with pytest.raises(Mismatch):
        assert_close(tiny * 1.001, tiny)
    assert_close(tiny * (1 + 1e-12), tiny)


def test_the_first_wrong_index_is_named() -> None:
    """A mismatch says where it begins and how far it goes."""
    wrong = X.clone()
    wrong[1, 1] = 7
    with pytest.raises(Mismatch) as caught:
        assert_close(wrong, X)
    assert caught.value.got.startswith("7 at index [1, 1] (1 of 6 entries are wrong)")
    assert caught.value.expected == "5 at index [1, 1]"


def test_a_close_miss_shows_enough_digits() -> None:
    """Two numbers that print alike are shown with what sets them apart."""
    with pytest.raises(Mismatch) as caught:
        assert_close(0.1 + 1e-9, 0.1)
    assert "off by 1e-09" in caught.value.got


def test_the_form_reads_as_a_sentence() -> None:
    """A dtype has the article that it takes."""
    with pytest.raises(Mismatch) as caught:
        assert_close(torch.zeros(2, dtype=torch.uint8), torch.zeros(2, dtype=torch.int32))
    assert caught.value.got == "a uint8 tensor of shape (2,)"
    assert caught.value.expected == "an int32 tensor of shape (2,)"


def test_infinities_must_agree() -> None:
    """Expected infinities and NaN must stand in the same places."""
    special = torch.tensor([math.inf, -math.inf, math.nan, 1.0])
    assert_close(special.clone(), special)
    with pytest.raises(Mismatch):
        assert_close(-special, special)


@pytest.mark.parametrize(
    "options",
    [{"shape": (3, 2)}, {"dtype": torch.float64}, {"device": "cuda"}],
)
def test_assert_tensor_checks_the_form(options: dict) -> None:
    """Shape, dtype and device are each required."""
    assert_tensor(X, shape=(2, 3), dtype=torch.float32, device="cpu")
    with pytest.raises(Mismatch):
        assert_tensor(X, **options)


@pytest.mark.parametrize("value", [None, [1.0], torch.tensor([1.0, math.nan])])
def test_assert_tensor_wants_finite_tensors(value: object) -> None:
    """What is no tensor, or not finite, is a mismatch."""
    with pytest.raises(Mismatch):
        assert_tensor(value)


@pytest.mark.parametrize(
    "value", [0.9, 3.1, math.nan, None, True, torch.tensor([2.0, 4.0]), torch.empty(0)]
)
def test_assert_between_is_inclusive_and_strict(value: object) -> None:
    """The ends belong to the range; anything that is no number in it does not."""
    for inside in (1, 3.0, torch.tensor([1.0, 2.0])):
        assert_between(inside, 1, 3)
    with pytest.raises(Mismatch):
        assert_between(value, 1, 3)
