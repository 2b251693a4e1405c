"""Pruning: what is asked, part by part.

Masks are judged against sorted Python lists, smaller networks against the same networks with
the removed units silenced, training against autograd and the function behind torch's SGD,
compressed layers against dense products.
"""

from __future__ import annotations

import itertools
import math
import re

import pytest
import torch
from torch.nn import functional
from torch.optim import sgd

from grader.testing import assert_between, assert_close, assert_equal, assert_tensor, part

DTYPES = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])


def normal(rng, *shape, device, dtype=torch.float64):
    return torch.tensor(rng.normal(size=shape), dtype=dtype, device=device)


def keep_largest(values, kept):
    """Which of `values` are the `kept` largest magnitudes, the first of equal ones."""
    order = sorted(range(len(values)), key=lambda i: (-abs(values[i]), i))
    chosen = set(order[:kept])
    return [i in chosen for i in range(len(values))]


def expected_mask(weight, amount):
    values = weight.flatten().tolist()
    kept = keep_largest(values, len(values) - round(amount * len(values)))
    return torch.tensor(kept, dtype=torch.bool, device=weight.device).reshape(weight.shape)


def expected_global(weights, amount):
    together = torch.cat([weight.flatten() for weight in weights])
    pieces = expected_mask(together, amount).split([weight.numel() for weight in weights])
    return [piece.reshape(weight.shape) for piece, weight in zip(pieces, weights, strict=True)]


def is_true(*rows, device):
    """A mask from rows of 0 and 1."""
    return torch.tensor(rows if len(rows) > 1 else rows[0], dtype=torch.bool, device=device)


def bad(**values):
    """Run a test once for each bad value of each argument."""
    cases = [(name, value) for name, several in values.items() for value in several]
    return pytest.mark.parametrize(("name", "value"), cases)


def refuses(name, value):
    """Expect a ValueError whose message holds the argument's name and the value."""
    pattern = rf"(?s)(?=.*\b{name}\b).*{re.escape(str(value))}"
    return pytest.raises(ValueError, match=pattern)


OUTSIDE = pytest.mark.parametrize("amount", [-0.01, 1.01, 5, math.nan])


# -- Part 1 -----------------------------------------------------------------------------------


def mask_and_return_the_weight(kata, weight):
    kata.magnitude_mask(weight, 0.4)
    return weight


@part("Magnitude masks", points=1)
class TestMagnitude:
    def test_the_smallest_magnitudes_go(self, kata, device):
        """A weight of small magnitude goes, whatever its sign; True marks what is kept."""
        weight = torch.tensor([0.4, -3.0, 0.1, -0.2, 2.0], device=device)
        assert_equal(kata.magnitude_mask(weight, 0.4), is_true([1, 1, 0, 0, 1], device=device))
        assert_equal(kata.magnitude_mask(weight, 0.8), is_true([0, 1, 0, 0, 0], device=device))

    @DTYPES
    @pytest.mark.parametrize("shape", [(30,), (6, 7), (4, 3, 2, 5)])
    @pytest.mark.parametrize("amount", [0.1, 0.37, 0.9])
    def test_any_shape(self, kata, rng, device, dtype, shape, amount):
        """The mask has the weight's shape and is False at the `round(amount * n)` smallest."""
        weight = normal(rng, *shape, dtype=dtype, device=device)
        assert_equal(kata.magnitude_mask(weight, amount), expected_mask(weight, amount))

    @pytest.mark.parametrize(
        ("entries", "amount", "zeros"),
        [(5, 0.5, 2), (7, 0.5, 4), (10, 0.25, 2), (10, 0.35, 4), (11, 0.6, 7), (3, 0.2, 1)],
    )
    def test_exact_count(self, kata, rng, device, entries, amount, zeros):
        """Exactly `round(amount * n)` entries are False; a half rounds to the even number."""
        mask = kata.magnitude_mask(normal(rng, entries, device=device), amount)
        assert_tensor(mask, shape=(entries,), dtype=torch.bool, device=device)
        assert_equal((~mask).sum().item(), zeros)

    def test_all_equal(self, kata, device):
        """Where all magnitudes are equal, the first entries are kept, row by row."""
        signs = torch.tensor([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]], device=device)
        expected = is_true([1, 1, 1], [1, 0, 0], device=device)
        assert_equal(kata.magnitude_mask(0.7 * signs, 1 / 3), expected)
        expected = is_true([1, 1, 0], [0, 0, 0], device=device)
        assert_equal(kata.magnitude_mask(0.7 * signs, 2 / 3), expected)

    def test_ties_at_the_threshold(self, kata, device):
        """Of equal magnitudes at the threshold only as many go as must, the last ones."""
        weight = torch.tensor([2.0, -1.0, 1.0, 0.5, 1.0, 3.0, -1.0, 4.0], device=device)
        expected = is_true([1, 1, 1, 0, 0, 1, 0, 1], device=device)
        assert_equal(kata.magnitude_mask(weight, 3 / 8), expected)
        expected = is_true([1, 1, 0, 0, 0, 1, 0, 1], device=device)
        assert_equal(kata.magnitude_mask(weight, 4 / 8), expected)

    @pytest.mark.parametrize("amount", [0.3, 0.5, 0.83])
    def test_many_ties(self, kata, rng, device, amount):
        """A weight with five magnitudes only is pruned exactly."""
        weight = torch.tensor(rng.integers(-4, 5, size=(20, 30)), dtype=torch.float32)
        weight = weight.to(device)
        assert_equal(kata.magnitude_mask(weight, amount), expected_mask(weight, amount))

    def test_zeros_go_first(self, kata, rng, device):
        """`amount` counts what is zero already: pruning by half, then by 0.7, leaves 0.3."""
        weight = normal(rng, 10, 10, device=device)
        half = torch.where(expected_mask(weight, 0.5), weight, 0)
        assert_equal(kata.magnitude_mask(half, 0.7), expected_mask(weight, 0.7))

    def test_signed_zeros_and_infinities(self, kata, device):
        """0 and -0 are equal; infinite entries are the last to go."""
        weight = torch.tensor([-math.inf, -0.0, 0.0, -0.0, 1e-30], device=device)
        assert_equal(kata.magnitude_mask(weight, 0.2), is_true([1, 1, 1, 0, 1], device=device))
        assert_equal(kata.magnitude_mask(weight, 0.8), is_true([1, 0, 0, 0, 0], device=device))

    def test_nothing_and_everything(self, kata, rng, device):
        """An `amount` of 0 keeps all entries, one of 1 none."""
        weight = normal(rng, 3, 4, device=device)
        every = torch.ones(3, 4, dtype=torch.bool, device=device)
        assert_equal(kata.magnitude_mask(weight, 0.0), every)
        assert_equal(kata.magnitude_mask(weight, 1.0), ~every)

    def test_smallest_weights(self, kata, device):
        """A weight may have one entry, no dimension, or no entry at all."""
        for shape in [(1,), (), (0,), (3, 0)]:
            weight = torch.full(shape, 0.3, device=device)
            every = torch.ones(shape, dtype=torch.bool, device=device)
            assert_equal(kata.magnitude_mask(weight, 0.4), every)
            assert_equal(kata.magnitude_mask(weight, 0.6), ~every)

    def test_order_is_by_index_not_by_memory(self, kata, device):
        """Ties go by the index in the tensor as it is seen, transposed or not."""
        weight = torch.ones(2, 3, device=device).T
        expected = is_true([1, 1], [1, 0], [0, 0], device=device)
        assert_equal(kata.magnitude_mask(weight, 0.5), expected)

    def test_leaves_its_argument_alone(self, kata, rng, device):
        """`magnitude_mask` does not change the weight."""
        weight = normal(rng, 4, 5, device=device)
        assert_equal(kata.run(mask_and_return_the_weight, weight), weight)

    @OUTSIDE
    def test_refuses(self, kata, rng, device, amount):
        """An `amount` outside 0 to 1 is a ValueError that holds its name and its value."""
        with refuses("amount", amount):
            kata.magnitude_mask(normal(rng, 8, device=device), amount)


# -- Part 2 -----------------------------------------------------------------------------------


def mask_and_return_the_weights(kata, weights):
    kata.global_masks(weights, 0.4)
    return weights


@part("Global masks", points=1)
class TestGlobal:
    def test_one_threshold_for_all(self, kata, device):
        """The smallest magnitudes of all tensors go, even if they are all of one tensor."""
        small = torch.tensor([0.2, -0.3, 0.1], device=device)
        large = torch.tensor([[5.0, -0.4], [6.0, 7.0]], device=device)
        expected = [is_true([0, 0, 0], device=device), is_true([1, 0], [1, 1], device=device)]
        assert_equal(kata.global_masks([small, large], 4 / 7), expected)

    @DTYPES
    @pytest.mark.parametrize("amount", [0.15, 0.5, 0.93])
    def test_layers_of_any_scale(self, kata, rng, device, dtype, amount):
        """Masks have their weights' shapes; what is kept are the largest magnitudes of all."""
        shapes = [(8, 5), (3, 8), (4, 2, 3, 3), (7,)]
        weights = [
            normal(rng, *shape, dtype=dtype, device=device) * scale
            for shape, scale in zip(shapes, rng.uniform(0.2, 5, size=4).tolist(), strict=True)
        ]
        assert_equal(kata.global_masks(weights, amount), expected_global(weights, amount))

    def test_rounds_once(self, kata, rng, device):
        """The count is rounded for all entries together, not tensor by tensor."""
        weights = [normal(rng, 5, device=device), normal(rng, 5, device=device)]
        assert_equal(kata.global_masks(weights, 0.5), expected_global(weights, 0.5))
        weights = [normal(rng, 3, device=device) for _ in range(4)]
        assert_equal(kata.global_masks(weights, 0.15), expected_global(weights, 0.15))

    def test_ties_across_tensors(self, kata, device):
        """Of equal magnitudes those in earlier tensors are kept, then those of lower index."""
        weights = [torch.full((2, 2), 0.3, device=device), torch.full((4,), -0.3, device=device)]
        first = torch.ones(2, 2, dtype=torch.bool, device=device)
        expected = [first, is_true([1, 0, 0, 0], device=device)]
        assert_equal(kata.global_masks(weights, 3 / 8), expected)
        expected = [is_true([1, 1], [1, 0], device=device), torch.zeros_like(~first[0].repeat(2))]
        assert_equal(kata.global_masks(weights, 5 / 8), expected)

    @pytest.mark.parametrize("amount", [0.2, 0.6])
    def test_many_ties(self, kata, rng, device, amount):
        """Tensors that share a few magnitudes are pruned exactly."""
        weights = [
            torch.tensor(rng.integers(-3, 4, size=size), dtype=torch.float32).to(device)
            for size in [(9, 11), (50,), (4, 5, 6)]
        ]
        assert_equal(kata.global_masks(weights, amount), expected_global(weights, amount))

    def test_one_tensor_and_empty_ones(self, kata, rng, device):
        """A single tensor will do, and a tensor may be empty."""
        weight, empty = normal(rng, 4, 6, device=device), normal(rng, 0, 3, device=device)
        assert_equal(kata.global_masks([weight], 0.3), [expected_mask(weight, 0.3)])
        weights = [empty, weight, empty]
        assert_equal(kata.global_masks(weights, 0.3), expected_global(weights, 0.3))

    def test_nothing_and_everything(self, kata, rng, device):
        """An `amount` of 0 keeps all entries, one of 1 none."""
        weights = [normal(rng, 2, 3, device=device), normal(rng, 4, device=device)]
        every = [torch.ones_like(weight, dtype=torch.bool) for weight in weights]
        assert_equal(kata.global_masks(weights, 0.0), every)
        assert_equal(kata.global_masks(weights, 1.0), [~mask for mask in every])

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """`global_masks` does not change the weights, be they one or several."""
        weights = [normal(rng, 4, 5, device=device), normal(rng, 6, device=device)]
        assert_equal(kata.run(mask_and_return_the_weights, weights), weights)
        assert_equal(kata.run(mask_and_return_the_weights, weights[:1]), weights[:1])

    @OUTSIDE
    def test_refuses(self, kata, rng, device, amount):
        """An `amount` outside 0 to 1 is a ValueError that holds its name and its value."""
        with refuses("amount", amount):
            kata.global_masks([normal(rng, 8, device=device)], amount)

    def test_refuses_no_weights(self, kata):
        """No weights at all are a ValueError that holds `weights` and `[]`."""
        with refuses("weights", []):
            kata.global_masks([], 0.5)


# -- Part 3 -----------------------------------------------------------------------------------


def apply_and_overwrite(kata, weights, masks):
    for masked in kata.apply_masks(weights, masks):
        masked.fill_(7)
    return weights, masks


def two_weights(rng, device, dtype=torch.float64):
    weights = [normal(rng, 3, 4, dtype=dtype, device=device)]
    weights.append(normal(rng, 2, 5, 2, dtype=dtype, device=device))
    masks = [torch.tensor(rng.random(w.shape) < 0.6, device=device) for w in weights]
    for mask in masks:  # both kinds in every mask, at every seed
        mask.view(-1)[:2] = torch.tensor([True, False])
    return weights, masks


@part("Sparsity and masked weights", points=1)
class TestSparsity:
    def test_entries_are_pooled(self, kata, device):
        """Sparsity is the share of zeros among all entries, not the mean of the tensors' own."""
        small = torch.tensor([0.0, 1.5], device=device)
        large = torch.tensor([[0.0, 2.0, 0.0, 0.0], [3.0, 0.0, -1.0, 0.0]], device=device)
        assert_close(kata.sparsity([small, large]), 0.6)
        assert_close(kata.sparsity([small]), 0.5)
        assert_close(kata.sparsity([large, large, small]), 11 / 18)

    def test_counts_exact_zeros(self, kata, device):
        """Only zeros count, -0 among them; what is tiny, infinite or NaN does not."""
        weight = torch.tensor([0.0, -0.0, 1e-30, -1e-42, math.nan, math.inf, 2.0], device=device)
        assert_close(kata.sparsity([weight, weight[:1].double()]), 3 / 8)

    def test_from_none_to_all(self, kata, rng, device):
        """Sparsity goes from 0 to 1; without any entry it is 0."""
        weight = normal(rng, 3, 4, device=device)
        assert_close(kata.sparsity([weight]), 0.0)
        assert_close(kata.sparsity([0 * weight, 0 * weight]), 1.0)
        assert_close(kata.sparsity([weight[:0], 0 * weight]), 1.0)
        assert_close(kata.sparsity([weight[:0]]), 0.0)
        assert_close(kata.sparsity([]), 0.0)

    @DTYPES
    def test_masked_weights(self, kata, rng, device, dtype):
        """A masked weight keeps its values where the mask is True and has 0 elsewhere."""
        weights, masks = two_weights(rng, device, dtype)
        expected = [weight * mask for weight, mask in zip(weights, masks, strict=True)]
        assert_equal(kata.apply_masks(weights, masks), expected)

    def test_whatever_was_there_becomes_zero(self, kata, device):
        """Infinities and NaN become 0 where the mask is False, and stay where it is True."""
        weight = torch.tensor([math.inf, -math.inf, math.nan, 3.0, math.inf], device=device)
        mask = is_true([0, 0, 0, 1, 1], device=device)
        expected = torch.tensor([0.0, 0.0, 0.0, 3.0, math.inf], device=device)
        assert_equal(kata.apply_masks([weight], [mask]), [expected])

    def test_extreme_masks(self, kata, rng, device):
        """All or nothing may be kept; there may be no weights, and empty ones."""
        weight = normal(rng, 3, 4, device=device)
        every = torch.ones(3, 4, dtype=torch.bool, device=device)
        masked = kata.apply_masks([weight, weight], [every, ~every])
        assert_equal(masked, [weight, torch.zeros_like(weight)])
        assert_equal(kata.apply_masks([weight[:0]], [every[:0]]), [weight[:0]])
        assert_equal(kata.apply_masks([], []), [])

    def test_masked_weights_are_new(self, kata, rng, device):
        """Writing to what `apply_masks` returned changes neither the weights nor the masks."""
        weights, masks = two_weights(rng, device)
        masks[1] = torch.ones_like(masks[1])
        got = kata.run(apply_and_overwrite, weights, masks)
        assert_equal(got, (weights, masks))

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_refuses_another_number_of_masks(self, kata, rng, device, count):
        """More or fewer masks than weights are a ValueError with `masks` and their number."""
        weights, masks = two_weights(rng, device)
        with refuses("masks", count):
            kata.apply_masks(weights, [*masks, masks[1]][:count])

    @pytest.mark.parametrize("shape", [(4, 3), (1, 4), (4,), (3, 4, 1)])
    def test_refuses_a_mask_of_another_shape(self, kata, rng, device, shape):
        """A mask of another shape is a ValueError with `masks` and that shape."""
        weights, masks = two_weights(rng, device)
        masks[0] = torch.ones(shape, dtype=torch.bool, device=device)
        with refuses("masks", shape):
            kata.apply_masks(weights, masks)

    @pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.uint8])
    def test_refuses_a_mask_that_is_not_bool(self, kata, rng, device, dtype):
        """A mask of zeros and ones that is not bool is a ValueError with `masks` and its dtype."""
        weights, masks = two_weights(rng, device)
        masks[1] = masks[1].to(dtype)
        with refuses("masks", dtype):
            kata.apply_masks(weights, masks)


# -- Part 4 -----------------------------------------------------------------------------------


def expected_n_of_m(weight, n, m):
    rows = weight.reshape(-1, m).tolist()
    kept = [keep_largest(row, n) for row in rows]
    mask = torch.tensor(kept, dtype=torch.bool, device=weight.device)
    return mask.reshape(weight.shape)


def mask_groups_and_return_the_weight(kata, weight):
    kata.n_of_m_mask(weight)
    return weight


@part("N of M", points=1)
class TestNOfM:
    def test_two_of_four(self, kata, device):
        """By default the two largest magnitudes of every four consecutive inputs are kept."""
        weight = torch.tensor(
            [
                [0.1, -0.9, 0.5, 0.2, 3.0, -4.0, 1.0, 2.0],
                [-8.0, 7.0, 6.0, 5.0, 0.0, 0.1, 0.0, -0.2],
            ],
            device=device,
        )
        expected = is_true([0, 1, 1, 0, 1, 1, 0, 0], [1, 1, 0, 0, 0, 1, 0, 1], device=device)
        assert_equal(kata.n_of_m_mask(weight), expected)

    @DTYPES
    def test_along_the_inputs(self, kata, rng, device, dtype):
        """Groups lie along the last dimension, also where the first would do as well."""
        weight = normal(rng, 12, 12, dtype=dtype, device=device)
        assert_equal(kata.n_of_m_mask(weight), expected_n_of_m(weight, 2, 4))
        assert_equal(kata.n_of_m_mask(weight.T), expected_n_of_m(weight.T.contiguous(), 2, 4))

    @pytest.mark.parametrize(
        ("n", "m"), [(1, 4), (3, 4), (4, 8), (1, 2), (2, 3), (5, 24), (1, 24), (2, 2), (1, 1)]
    )
    def test_other_patterns(self, kata, rng, device, n, m):
        """Exactly `n` of every `m` consecutive inputs are kept, the largest magnitudes."""
        weight = normal(rng, 5, 24, device=device)
        assert_equal(kata.n_of_m_mask(weight, n, m), expected_n_of_m(weight, n, m))
        assert_equal(kata.n_of_m_mask(weight, n=n, m=m), expected_n_of_m(weight, n, m))

    @pytest.mark.parametrize("shape", [(8,), (1, 4), (3, 2, 12), (2, 3, 2, 4)])
    def test_other_shapes(self, kata, rng, device, shape):
        """A weight has one dimension or more; the mask has its shape."""
        weight = normal(rng, *shape, device=device)
        assert_equal(kata.n_of_m_mask(weight), expected_n_of_m(weight, 2, 4))

    def test_groups_of_equal_magnitudes(self, kata, device):
        """Of equal magnitudes in a group those of lower index are kept."""
        weight = torch.tensor([0.5, -0.5, 0.5, 0.5, 0, 0, 0, 0, 1, 2, -1, 1], device=device)
        expected = is_true([1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0], device=device)
        assert_equal(kata.n_of_m_mask(weight), expected)
        expected = is_true([1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0], device=device)
        assert_equal(kata.n_of_m_mask(weight, n=1), expected)

    @pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (5, 8), (3, 6)])
    def test_many_ties(self, kata, rng, device, n, m):
        """Weights with three magnitudes only are pruned exactly."""
        weight = torch.tensor(rng.integers(-2, 3, size=(30, 48)), dtype=torch.float32)
        weight = weight.to(device)
        assert_equal(kata.n_of_m_mask(weight, n, m), expected_n_of_m(weight, n, m))

    def test_empty_weights(self, kata, device):
        """Without outputs or without inputs there is nothing to keep."""
        for shape in [(0, 8), (3, 0)]:
            weight = torch.ones(shape, device=device)
            empty = torch.ones(shape, dtype=torch.bool, device=device)
            assert_equal(kata.n_of_m_mask(weight), empty)

    def test_leaves_its_argument_alone(self, kata, rng, device):
        """`n_of_m_mask` does not change the weight."""
        weight = normal(rng, 3, 8, device=device)
        assert_equal(kata.run(mask_groups_and_return_the_weight, weight), weight)

    @bad(n=[0, -1, 5], m=[0, -4])
    def test_refuses_a_pattern(self, kata, rng, device, name, value):
        """A pattern out of range is a ValueError that holds the argument's name and value."""
        with refuses(name, value):
            kata.n_of_m_mask(normal(rng, 3, 8, device=device), **{"n": 2, "m": 4} | {name: value})

    @pytest.mark.parametrize("shape", [(4, 6), (8, 3), (10,)])
    def test_refuses_inputs_that_make_no_groups(self, kata, rng, device, shape):
        """Inputs that `m` does not divide are a ValueError with `weight` and its shape."""
        with refuses("weight", shape):
            kata.n_of_m_mask(normal(rng, *shape, device=device))


# -- Part 5 -----------------------------------------------------------------------------------


def rows_of_norms(rng, norms, shape, *, device, dtype=torch.float64):
    """A weight whose rows have the given norms, in random directions."""
    weight = normal(rng, len(norms), *shape, device=device)
    size = weight.flatten(1).square().sum(1).sqrt()
    scale = torch.tensor(norms, device=device, dtype=torch.float64) / size
    return (weight * scale.reshape(-1, *[1] * len(shape))).to(dtype)


def spread_norms(rng, units):
    """Norms in random order that no rounding can confuse."""
    return rng.permutation([1 + 0.1 * i for i in range(units)]).tolist()


def random_layers(rng, widths, *, device, dtype=torch.float64):
    layers = []
    for inputs, units in itertools.pairwise(widths):
        norms = spread_norms(rng, units)
        weight = rows_of_norms(rng, norms, (inputs,), device=device, dtype=dtype)
        layers.append((weight, normal(rng, units, device=device, dtype=dtype)))
    return layers


def survivors(weight, amount):
    """Indices, in order, of the units that stay, by sorted Python lists."""
    norms = [math.sqrt(sum(v * v for v in row)) for row in weight.double().flatten(1).tolist()]
    removed = min(round(amount * len(norms)), len(norms) - 1)
    return [i for i, kept in enumerate(keep_largest(norms, len(norms) - removed)) if kept]


def forward(layers, inputs, silenced=None):
    """A ReLU network's outputs; `silenced[k]` lists the units of layer k whose output is 0."""
    for k, (weight, bias) in enumerate(layers):
        inputs = inputs @ weight.T + bias
        if k < len(layers) - 1:
            inputs = torch.relu(inputs)
            inputs[:, silenced[k] if silenced else []] = 0
    return inputs


def assert_layers(got, widths, *, device, dtype=torch.float64):
    """Judge the form of a network before it is run."""
    assert isinstance(got, list), f"expected a list of (weight, bias), got {type(got).__name__}"
    assert len(got) == len(widths) - 1, f"expected {len(widths) - 1} layers, got {len(got)}"
    for layer, inputs, units in zip(got, widths, widths[1:], strict=False):
        assert isinstance(layer, tuple), "expected every layer to be a tuple (weight, bias)"
        assert len(layer) == 2, "expected every layer to be a tuple (weight, bias)"
        assert_tensor(layer[0], shape=(units, inputs), dtype=dtype, device=device)
        assert_tensor(layer[1], shape=(units,), dtype=dtype, device=device)


def prune_neurons_and_overwrite(kata, layers, amount):
    for weight, bias in kata.prune_neurons(layers, amount):
        weight.fill_(7)
        bias.fill_(7)
    return layers


def prune_channels_and_overwrite(kata, block, amount):
    for tensor in kata.prune_channels(block, amount).values():
        tensor.fill_(7)
    return block


def random_block(rng, *, device, channels=6, dtype=torch.float64):
    """State of conv1 (2 to `channels`), batch norm and conv2 (`channels` to 3)."""
    norms = spread_norms(rng, channels)
    block = {"conv1.weight": rows_of_norms(rng, norms, (2, 3, 2), device=device, dtype=dtype)}
    for name in ("weight", "bias", "running_mean"):
        block[f"bn.{name}"] = normal(rng, channels, device=device, dtype=dtype)
    block["bn.running_var"] = normal(rng, channels, device=device, dtype=dtype).square() + 0.1
    block["bn.num_batches_tracked"] = torch.tensor(23, device=device)
    block["conv2.weight"] = normal(rng, 3, channels, 2, 3, device=device, dtype=dtype)
    block["conv2.bias"] = normal(rng, 3, device=device, dtype=dtype)
    return block


def expected_block(block, keep):
    """The block with the channels of `keep` only, entry by entry."""
    own = ["conv1.weight", "conv1.bias"]
    own += [f"bn.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
    expected = {name: tensor[keep] if name in own else tensor for name, tensor in block.items()}
    expected["conv2.weight"] = torch.stack([block["conv2.weight"][:, k] for k in keep], dim=1)
    return expected


def run_block(block, images, silenced=()):
    """conv1, batch norm in evaluation, ReLU (with channels silenced after it), conv2."""
    found = functional.conv2d(images, block["conv1.weight"])
    statistics = block["bn.running_mean"], block["bn.running_var"]
    found = functional.batch_norm(found, *statistics, block["bn.weight"], block["bn.bias"]).relu()
    found[:, list(silenced)] = 0
    return functional.conv2d(found, block["conv2.weight"], block["conv2.bias"])


@part("Smaller layers", points=2)
class TestSmallerLayers:
    def test_a_unit_goes_with_its_bias_and_its_column(self, kata, device):
        """A removed unit takes its row, its bias and the next layer's column along."""
        first = torch.tensor([[3.0, 0.0], [0.1, 0.2], [0.0, -2.0]], device=device)
        second = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], device=device)
        bias = torch.tensor([0.5, 9.0, -0.5], device=device)
        got = kata.prune_neurons([(first, bias), (second, bias[:2])], 0.3)
        expected = [(first[[0, 2]], bias[[0, 2]]), (second[:, [0, 2]], bias[:2])]
        assert_equal(got, expected)

    @DTYPES
    @pytest.mark.parametrize("amount", [0.25, 0.5, 0.7])
    def test_three_hidden_layers(self, kata, rng, device, dtype, amount):
        """Every hidden layer loses its own share; inputs, outputs and order stay."""
        layers = random_layers(rng, [5, 9, 6, 7, 4], device=device, dtype=dtype)
        rows = [survivors(weight, amount) for weight, _ in layers[:-1]] + [list(range(4))]
        columns = [list(range(5)), *rows[:-1]]
        expected = [
            (torch.stack([torch.stack([w[i, j] for j in c]) for i in r]), b[r])
            for (w, b), r, c in zip(layers, rows, columns, strict=True)
        ]
        assert_equal(kata.prune_neurons(layers, amount), expected)

    def test_computes_what_is_left(self, kata, rng, device):
        """The smaller network's outputs are those of the old one with its units silenced."""
        layers = random_layers(rng, [5, 8, 6, 3], device=device)
        kept = [survivors(weight, 0.5) for weight, _ in layers[:-1]]
        silenced = [sorted({*range(8)} - {*kept[0]}), sorted({*range(6)} - {*kept[1]})]
        smaller = kata.prune_neurons(layers, 0.5)
        assert_layers(smaller, [5, 4, 3, 3], device=device)
        inputs = normal(rng, 10, 5, device=device)
        assert_close(forward(smaller, inputs), forward(layers, inputs, silenced))

    def test_dead_units_are_free(self, kata, rng, device):
        """Removing units that never fire changes no output."""
        layers = random_layers(rng, [5, 8, 6, 3], device=device)
        for (weight, bias), dead in zip(layers[:-1], [[1, 4, 7], [0, 3]], strict=True):
            weight[dead] = 0
            bias[dead] = torch.linspace(-1, 0, len(dead), dtype=torch.float64, device=device)
        smaller = kata.prune_neurons(layers, 0.35)
        assert_layers(smaller, [5, 5, 4, 3], device=device)
        inputs = normal(rng, 10, 5, device=device)
        assert_close(forward(smaller, inputs), forward(layers, inputs))

    def test_norms_are_euclidean_and_of_the_weight_alone(self, kata, device):
        """A row (3, 0, 0) outranks (2, -2, 0); a large bias saves nobody."""
        first = torch.tensor([[2.0, -2.0, 0.0], [3.0, 0.0, 0.0], [0.1, 0.0, 0.1]], device=device)
        second = torch.tensor([[1.0, 2.0, 3.0]], device=device)
        bias = torch.tensor([0.1, 0.2, 50.0], device=device)
        got = kata.prune_neurons([(first, bias), (second, bias[:1])], 2 / 3)
        assert_equal(got, [(first[[1]], bias[[1]]), (second[:, [1]], bias[:1])])

    def test_norms_are_those_of_the_given_weights(self, kata, device):
        """What a unit reads from removed units still counts for its norm."""
        first = torch.tensor([[1.0], [5.0]], device=device)
        second = torch.tensor([[9.0, 1.0], [0.0, 2.0]], device=device)
        third = torch.tensor([[3.0, 4.0]], device=device)
        bias = torch.tensor([0.1, 0.2], device=device)
        got = kata.prune_neurons([(first, bias), (second, bias), (third, bias[:1])], 0.5)
        expected = [(first[[1]], bias[[1]]), (second[[0]][:, [1]], bias[[0]])]
        assert_equal(got, [*expected, (third[:, [0]], bias[:1])])

    def test_equal_norms(self, kata, device):
        """Of equal norms the units of lower index stay."""
        first = torch.tensor([[0.0, 5.0], [3.0, -4.0], [-5.0, 0.0], [4.0, 3.0]], device=device)
        second = torch.tensor([[1.0, 2.0, 3.0, 4.0]], device=device)
        bias = torch.tensor([0.1, 0.2, 0.3, 0.4], device=device)
        got = kata.prune_neurons([(first, bias), (second, bias[:1])], 0.5)
        assert_equal(got, [(first[:2], bias[:2]), (second[:, :2], bias[:1])])

    @pytest.mark.parametrize(
        ("units", "amount", "left"),
        [(5, 0.5, 3), (7, 0.5, 3), (3, 0.9, 1), (6, 1.0, 1), (1, 0.8, 1), (4, 0.0, 4), (9, 0.1, 8)],
    )
    def test_how_many_stay(self, kata, rng, device, units, amount, left):
        """Of `u` units `round(amount * u)` go, but one always stays."""
        layers = random_layers(rng, [3, units, 2], device=device)
        assert_layers(kata.prune_neurons(layers, amount), [3, left, 2], device=device)
        block = random_block(rng, channels=units, device=device)
        got = kata.prune_channels(block, amount)
        assert_equal(got, expected_block(block, survivors(block["conv1.weight"], amount)))

    def test_without_hidden_layers(self, kata, rng, device):
        """A single layer loses nothing: its units are the network's outputs."""
        layers = random_layers(rng, [5, 4], device=device)
        assert_equal(kata.prune_neurons(layers, 0.5), layers)

    @pytest.mark.parametrize("widths", [[5, 6, 4, 3], [5, 4]])
    def test_layers_are_new(self, kata, rng, device, widths):
        """Writing to the smaller network does not change the one that came in."""
        layers = random_layers(rng, widths, device=device)
        for amount in (0.0, 0.5):
            assert_equal(kata.run(prune_neurons_and_overwrite, layers, amount), layers)

    @DTYPES
    @pytest.mark.parametrize("amount", [0.2, 0.5, 0.84])
    def test_a_channel_goes_with_all_that_is_its_own(self, kata, rng, device, dtype, amount):
        """A channel takes its filter, its batch-norm entries and its part of conv2 along."""
        block = random_block(rng, device=device, dtype=dtype)
        expected = expected_block(block, survivors(block["conv1.weight"], amount))
        assert_equal(kata.prune_channels(block, amount), expected)

    def test_blocks_with_other_biases(self, kata, rng, device):
        """`conv1.bias` is pruned where there is one; `conv2.bias` may be missing."""
        block = random_block(rng, device=device)
        block["conv1.bias"] = normal(rng, 6, device=device)
        del block["conv2.bias"]
        expected = expected_block(block, survivors(block["conv1.weight"], 0.5))
        assert_equal(kata.prune_channels(block, 0.5), expected)

    def test_a_block_computes_what_is_left(self, kata, rng, device):
        """The smaller block's outputs are those of the old one with its channels silenced."""
        block = random_block(rng, device=device)
        kept = survivors(block["conv1.weight"], 0.5)
        smaller = kata.prune_channels(block, 0.5)
        assert_equal(smaller, expected_block(block, kept))
        images = normal(rng, 4, 2, 7, 8, device=device)
        silenced = sorted({*range(6)} - {*kept})
        assert_close(run_block(smaller, images), run_block(block, images, silenced))

    def test_dead_channels_are_free(self, kata, rng, device):
        """Removing channels that never fire changes no output."""
        block = random_block(rng, device=device)
        dead = [0, 3]
        block["conv1.weight"][dead] = 0
        block["bn.running_mean"][dead] = 0
        block["bn.bias"][dead] = torch.tensor([-0.7, 0.0], dtype=torch.float64, device=device)
        smaller = kata.prune_channels(block, 1 / 3)
        assert_equal(smaller, expected_block(block, [1, 2, 4, 5]))
        images = normal(rng, 4, 2, 7, 8, device=device)
        assert_close(run_block(smaller, images), run_block(block, images))

    def test_equal_filters(self, kata, rng, device):
        """Of filters of equal norm those of lower index stay."""
        block = random_block(rng, channels=4, device=device)
        block["conv1.weight"].fill_(0.5)
        assert_equal(kata.prune_channels(block, 0.25), expected_block(block, [0, 1, 2]))

    def test_blocks_are_new(self, kata, rng, device):
        """Writing to the smaller block does not change the one that came in."""
        block = random_block(rng, device=device)
        for amount in (0.0, 0.5):
            assert_equal(kata.run(prune_channels_and_overwrite, block, amount), block)

    @OUTSIDE
    def test_refuses(self, kata, rng, device, amount):
        """An `amount` outside 0 to 1 is a ValueError that holds its name and its value."""
        with refuses("amount", amount):
            kata.prune_neurons(random_layers(rng, [3, 4, 2], device=device), amount)
        with refuses("amount", amount):
            kata.prune_neurons(random_layers(rng, [3, 4], device=device), amount)
        with refuses("amount", amount):
            kata.prune_channels(random_block(rng, device=device), amount)


# -- Part 6 -----------------------------------------------------------------------------------


def table(values):
    """Numbers as a schedule has to return them."""
    return torch.tensor(list(values), dtype=torch.float64)


def cubic(step, initial, final, begin, end):
    """Zhu and Gupta, equation 1, with the ends held."""
    done = min(max((step - begin) / (end - begin), 0), 1)
    return final + (initial - final) * (1 - done) ** 3


CUBIC = {"steps": 12, "initial": 0.2, "final": 0.8, "begin": 3, "end": 9}


@part("Cubic schedule", points=1)
class TestCubic:
    def test_by_hand(self, kata):
        """From 0 to 0.8 over four steps the sparsities are 0, 0.4625, 0.7, 0.7875 and 0.8."""
        got = kata.cubic_schedule(steps=5, initial=0.0, final=0.8, begin=0, end=4)
        assert_close(got, table([0.0, 0.4625, 0.7, 0.7875, 0.8]))

    def test_holds_before_and_after(self, kata):
        """Up to step `begin` the sparsity is `initial`, from step `end` on it is `final`."""
        expected = [0.1] * 4 + [0.1 + 0.8 * share for share in (19 / 27, 26 / 27)] + [0.9] * 4
        assert_close(kata.cubic_schedule(10, 0.1, 0.9, 3, 6), table(expected))

    def test_every_step(self, kata, rng):
        """Step `t` has `final + (initial - final) * (1 - (t - begin) / (end - begin))**3`."""
        initial, final = rng.uniform(0.05, 0.4), rng.uniform(0.5, 0.95)
        begin, length = int(rng.integers(2, 9)), int(rng.integers(5, 30))
        end = begin + length
        expected = table(cubic(t, initial, final, begin, end) for t in range(50))
        assert_close(kata.cubic_schedule(50, initial, final, begin, end), expected)

    def test_a_run_that_ends_early(self, kata):
        """`end`, and `begin` too, may lie beyond the run."""
        expected = table(cubic(t, 0.1, 0.7, 2, 40) for t in range(9))
        assert_close(kata.cubic_schedule(9, 0.1, 0.7, 2, 40), expected)
        assert_close(kata.cubic_schedule(3, 0.1, 0.7, 5, 6), table([0.1] * 3))

    def test_a_single_jump(self, kata):
        """With `end` one step after `begin` the sparsity jumps from `initial` to `final`."""
        assert_close(kata.cubic_schedule(4, 0.1, 0.7, 1, 2), table([0.1, 0.1, 0.7, 0.7]))

    def test_shortest_and_flat_runs(self, kata):
        """A run may have one step; the sparsity may stay where it is, also at 0 and 1."""
        assert_close(kata.cubic_schedule(1, 0.3, 0.7, 0, 5), table([0.3]))
        for level in (0.0, 0.4, 1.0):
            assert_close(kata.cubic_schedule(3, level, level, 0, 2), table([level] * 3))
        assert_close(kata.cubic_schedule(3, 0.0, 1.0, 0, 2), table([0.0, 0.875, 1.0]))

    @bad(
        steps=[0, -3],
        initial=[-0.01, 1.01, math.nan],
        final=[0.19, 1.01, math.nan],
        begin=[-1],
        end=[3, 2],
    )
    def test_refuses(self, kata, name, value):
        """A bad argument is a ValueError that holds its name and its value."""
        with refuses(name, value):
            kata.cubic_schedule(**CUBIC | {name: value})


# -- Part 7 -----------------------------------------------------------------------------------


def random_problem(rng, widths, steps, *, device, dtype=torch.float64, rows=40):
    """A network, examples, and batches of 5 to 12 rows."""
    layers = []
    for inputs, units in itertools.pairwise(widths):
        # Layers of different scale, so that a local threshold differs from a global one.
        scale = rng.uniform(0.5, 1.5) / math.sqrt(inputs)
        weight = scale * normal(rng, units, inputs, device=device)
        bias = 0.1 * normal(rng, units, device=device)
        layers.append((weight.to(dtype), bias.to(dtype)))
    inputs = normal(rng, rows, widths[0], device=device, dtype=dtype)
    targets = torch.tensor(rng.integers(widths[-1], size=rows), device=device)
    sizes = rng.integers(5, 13, size=steps)
    batches = [torch.tensor(rng.integers(rows, size=size), device=device) for size in sizes]
    return {"layers": layers, "inputs": inputs, "targets": targets, "batches": batches}


def torch_run(problem, amounts, lr, momentum, weight_decay):
    """The same loop on autograd and the function behind torch.optim.SGD; every state it is in."""
    layers = problem["layers"]
    weights = [weight.clone().requires_grad_() for weight, _ in layers]
    biases = [bias.clone().requires_grad_() for _, bias in layers]
    parameters = [*weights, *biases]
    masks = [torch.ones_like(weight, dtype=torch.bool) for weight in weights]
    buffers = [None] * len(parameters)
    before, states = 0.0, []
    for rows, amount in zip(problem["batches"], amounts.tolist(), strict=True):
        if amount > before:
            masks = expected_global([weight.detach() for weight in weights], amount)
            before = amount
        for weight, mask in zip(weights, masks, strict=True):
            weight.data *= mask
        hidden = problem["inputs"][rows]
        for k, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            hidden = hidden @ weight.T + bias
            hidden = hidden.relu() if k < len(layers) - 1 else hidden
        loss = -hidden.log_softmax(1).gather(1, problem["targets"][rows, None]).mean()
        gradients = list(torch.autograd.grad(loss, parameters))
        options = {"momentum": momentum, "lr": lr, "weight_decay": weight_decay}
        with torch.no_grad():
            sgd.sgd(
                *(parameters, gradients, buffers, False),
                **(options | {"dampening": 0.0, "nesterov": False, "maximize": False}),
                foreach=False,
            )
        for weight, mask in zip(weights, masks, strict=True):
            weight.data *= mask
        trained = [parameter.detach().clone() for parameter in parameters]
        pairs = zip(trained[: len(layers)], trained[len(layers) :], strict=True)
        states.append((list(pairs), masks))
    return states


def finetune_and_return_arguments(kata, problem, amounts):
    layers, masks = kata.prune_and_finetune(**problem, amounts=amounts, lr=0.1)
    for weight, bias in layers:
        weight.detach().fill_(7)
        bias.detach().fill_(7)
    for mask in masks:
        mask.fill_(False)
    return problem, amounts


def accuracy(layers, inputs, targets):
    return (forward(layers, inputs).argmax(1) == targets).double().mean().item()


# In float32 rounding could move an input of a ReLU across 0, about once in a hundred thousand
# runs: what is compared entry by entry is smooth there.
NETWORKS = pytest.mark.parametrize(
    ("widths", "dtype"),
    [([6, 5, 4, 3], torch.float64), ([6, 3], torch.float32)],
    ids=["f64", "f32"],
)


@part("Prune and fine-tune", points=2)
class TestFinetune:
    @NETWORKS
    def test_one_step(self, kata, rng, device, widths, dtype):
        """Without pruning, one step is `p - lr * (gradient + weight_decay * p)`, biases too."""
        problem = random_problem(rng, widths, 1, device=device, dtype=dtype)
        expected = torch_run(problem, table([0.0]), 0.2, 0.9, 0.05)[-1]
        got = kata.prune_and_finetune(**problem, amounts=table([0.0]), lr=0.2, weight_decay=0.05)
        assert_close(got, expected)

    def test_momentum_and_decay(self, kata, rng, device):
        """After five steps momentum and weight decay have acted as in `torch.optim.SGD`."""
        problem = random_problem(rng, [6, 5, 4, 3], 5, device=device)
        amounts = table([0.0] * 5)
        for momentum, decay in [(0.7, 0.05), (0.5, 0.2), (0.0, 0.05), (0.6, 0.0)]:
            expected = torch_run(problem, amounts, 0.2, momentum, decay)[-1]
            options = {"lr": 0.2, "momentum": momentum, "weight_decay": decay}
            got = kata.prune_and_finetune(**problem, amounts=amounts, **options)
            assert_close(got, expected)

    def test_defaults(self, kata, rng, device):
        """By default momentum is 0.9 and weight decay 0."""
        problem = random_problem(rng, [6, 5, 3], 4, device=device)
        expected = torch_run(problem, table([0.3] * 4), 0.1, 0.9, 0.0)[-1]
        got = kata.prune_and_finetune(**problem, amounts=table([0.3] * 4), lr=0.1)
        assert_close(got, expected)

    @NETWORKS
    @pytest.mark.parametrize("steps", [1, 2, 3, 6])
    def test_zeros_stay_zero(self, kata, rng, device, widths, dtype, steps):
        """After every step the pruned weights are exactly 0, whatever momentum and decay do."""
        problem = random_problem(rng, widths, steps, device=device, dtype=dtype)
        amounts = table([0.6] * steps)
        options = {"lr": 0.3, "momentum": 0.8, "weight_decay": 0.1}
        expected_layers, expected_masks = torch_run(problem, amounts, 0.3, 0.8, 0.1)[-1]
        got = kata.prune_and_finetune(**problem, amounts=amounts, **options)
        assert_close(got, (expected_layers, expected_masks))
        for (weight, _), mask in zip(got[0], expected_masks, strict=True):
            assert_equal(torch.where(mask, 0, weight), torch.zeros_like(weight))

    @pytest.mark.parametrize("steps", range(1, 8))
    def test_a_rising_amount(self, kata, rng, device, steps):
        """When the amount rises, masks are chosen anew from the weights of that moment."""
        amounts = table([0.0, 0.2, 0.2, 0.45, 0.6, 0.6, 0.75])[:steps]
        problem = random_problem(rng, [6, 5, 4, 3], steps, device=device)
        expected = torch_run(problem, amounts, 0.4, 0.8, 0.05)[-1]
        options = {"lr": 0.4, "momentum": 0.8, "weight_decay": 0.05}
        got = kata.prune_and_finetune(**problem, amounts=amounts, **options)
        assert_close(got, expected)
        zeros = round(amounts[-1].item() * 62)
        assert_equal(sum((~mask).sum().item() for mask in got[1]), zeros)
        for (weight, _), mask in zip(got[0], got[1], strict=True):
            assert_equal(torch.where(mask, 0, weight), torch.zeros_like(weight))

    def test_what_the_first_step_sees(self, kata, rng, device):
        """The amount of a step applies before its gradient is taken."""
        problem = random_problem(rng, [6, 5, 3], 1, device=device)
        expected = torch_run(problem, table([0.5]), 0.3, 0.9, 0.0)[-1]
        got = kata.prune_and_finetune(**problem, amounts=table([0.5]), lr=0.3)
        assert_close(got, expected)

    def test_one_layer(self, kata, rng, device):
        """A network may be a single layer, without any ReLU."""
        problem = random_problem(rng, [6, 3], 3, device=device)
        amounts = table([0.1, 0.5, 0.5])
        expected = torch_run(problem, amounts, 0.3, 0.9, 0.0)[-1]
        assert_close(kata.prune_and_finetune(**problem, amounts=amounts, lr=0.3), expected)

    def test_everything_may_go(self, kata, rng, device):
        """With an amount of 1 all weights are 0 and the biases still learn."""
        problem = random_problem(rng, [6, 5, 3], 3, device=device)
        amounts = table([1.0] * 3)
        expected = torch_run(problem, amounts, 0.3, 0.9, 0.0)[-1]
        assert_close(kata.prune_and_finetune(**problem, amounts=amounts, lr=0.3), expected)

    def test_no_steps(self, kata, rng, device):
        """Without batches the network comes back as it was, with masks that keep all."""
        problem = random_problem(rng, [6, 5, 3], 0, device=device)
        every = [torch.ones_like(weight, dtype=torch.bool) for weight, _ in problem["layers"]]
        got = kata.prune_and_finetune(**problem, amounts=table([]), lr=0.1)
        assert_equal(got, (problem["layers"], every))

    @pytest.mark.parametrize("steps", [0, 3])
    def test_leaves_its_arguments_alone(self, kata, rng, device, steps):
        """Neither training nor writing to the result changes what came in."""
        problem = random_problem(rng, [6, 5, 3], steps, device=device)
        amounts = table([0.5] * steps)
        got = kata.run(finetune_and_return_arguments, problem, amounts)
        assert_equal(got, (problem, amounts))

    @pytest.mark.parametrize("count", [0, 2, 4])
    def test_refuses_another_number_of_amounts(self, kata, rng, device, count):
        """More or fewer amounts than batches are a ValueError with `amounts` and their number."""
        problem = random_problem(rng, [6, 5, 3], 3, device=device)
        with refuses("amounts", count):
            kata.prune_and_finetune(**problem, amounts=table([0.5] * count), lr=0.1)

    @pytest.mark.parametrize(
        ("amounts", "wrong"),
        [
            ((0.5, 0.25, 0.75), 0.25),
            ((0.5, 0.75, 0.625), 0.625),
            ((-0.25, 0.5, 0.5), -0.25),
            ((0.5, 0.5, 1.25), 1.25),
            ((math.nan, 0.5, 0.5), math.nan),
            ((0.5, 0.5, math.nan), math.nan),
        ],
    )
    def test_refuses_amounts(self, kata, rng, device, amounts, wrong):
        """Amounts that fall or leave 0 to 1 are a ValueError with `amounts` and the first such."""
        problem = random_problem(rng, [6, 5, 3], 3, device=device)
        with refuses("amounts", wrong):
            kata.prune_and_finetune(**problem, amounts=table(amounts), lr=0.1)

    def test_digits(self, kata, rng, device):
        """A network that reads digits with 10 % of its weights is right on 80 % of new ones."""
        # Thirty random starts gave 0.93 to 0.98.
        from sklearn.datasets import load_digits

        pixels, digits = load_digits(return_X_y=True)
        order = rng.permutation(len(digits))
        inputs = torch.tensor(pixels[order] / 16, dtype=torch.float32, device=device)
        targets = torch.tensor(digits[order], device=device)
        start = random_problem(rng, [64, 64, 10], 0, device=device, dtype=torch.float32)
        batches = [
            torch.tensor(rows, device=device)
            for _ in range(12)
            for rows in rng.permutation(1408).reshape(-1, 64)
        ]
        amounts = table(cubic(t, 0.0, 0.9, 44, 176) for t in range(len(batches)))
        known = {"layers": start["layers"], "inputs": inputs[:1408], "targets": targets[:1408]}
        got = kata.prune_and_finetune(**known, batches=batches, amounts=amounts, lr=0.1)
        assert isinstance(got, tuple), "expected a pair: the layers and the masks"
        assert len(got) == 2, "expected a pair: the layers and the masks"
        assert_layers(got[0], [64, 64, 10], device=device, dtype=torch.float32)
        kept = sum(int(weight.count_nonzero()) for weight, _ in got[0])
        assert_between(kept, 0, 4736 - round(0.9 * 4736))
        assert_between(accuracy(got[0], inputs[1408:], targets[1408:]), 0.8, 1)


# -- Part 8 -----------------------------------------------------------------------------------


def sparse_weight(rng, outputs, inputs, share, *, device, dtype=torch.float64):
    weight = normal(rng, outputs, inputs, device=device, dtype=dtype)
    return weight * torch.tensor(rng.random((outputs, inputs)) >= share, device=device)


def compress(weight):
    """CSR by a loop over all entries."""
    indptr, indices, values = [0], [], []
    for row in weight.tolist():
        found = [(column, value) for column, value in enumerate(row) if value != 0]
        indices += [column for column, _ in found]
        values += [value for _, value in found]
        indptr.append(len(indices))
    device = weight.device
    return {
        "indptr": torch.tensor(indptr, dtype=torch.int32, device=device),
        "indices": torch.tensor(indices, dtype=torch.int32, device=device),
        "values": torch.tensor(values, dtype=weight.dtype, device=device),
    }


def compress_and_return_the_weight(kata, weight):
    for tensor in kata.to_csr(weight).values():
        tensor.fill_(0)
    return weight


def multiply_and_return_arguments(kata, csr, inputs, bias):
    kata.csr_linear(csr, inputs, bias).fill_(7)
    kata.csr_linear(csr, inputs).fill_(7)
    return csr, inputs, bias


@part("Compressed layers", points=1)
class TestCompressed:
    def test_by_hand(self, kata, device):
        """Values go row by row, with their columns; `indptr` says where each row begins."""
        weight = torch.tensor([[0.0, 5.0, -6.0], [0.0, 0.0, 0.0], [7.0, 0.0, 0.0]], device=device)
        assert_equal(kata.to_csr(weight), compress(weight))
        csr = {
            "indptr": torch.tensor([0, 2, 2, 3], dtype=torch.int32, device=device),
            "indices": torch.tensor([1, 2, 0], dtype=torch.int32, device=device),
            "values": torch.tensor([5.0, -6.0, 7.0], device=device),
        }
        assert_equal(kata.to_csr(weight), csr)

    @DTYPES
    @pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
    def test_any_sparsity(self, kata, rng, device, dtype, share):
        """What is not 0 is kept exactly, in the weight's dtype; `indices` are int32."""
        weight = sparse_weight(rng, 9, 14, share, dtype=dtype, device=device)
        assert_equal(kata.to_csr(weight), compress(weight))
        assert_equal(kata.to_csr(weight.T), compress(weight.T))

    def test_empty_rows_and_weights(self, kata, rng, device):
        """Rows without entries, at the ends too, and weights without any are fine."""
        weight = sparse_weight(rng, 6, 5, 0.3, device=device)
        weight[[0, 1, 5]] = 0
        for case in (weight, 0 * weight, weight[:0], weight[:, :0], weight[2:3]):
            assert_equal(kata.to_csr(case), compress(case))

    def test_what_counts_as_zero(self, kata, device):
        """0 and -0 are left out; the tiniest number, infinity and NaN are kept."""
        weight = torch.tensor([[0.0, -0.0, 1e-42], [math.nan, 0.0, -math.inf]], device=device)
        assert_equal(kata.to_csr(weight), compress(weight))

    @DTYPES
    def test_linear(self, kata, rng, device, dtype):
        """The compressed layer gives `inputs @ weight.T`, and with a bias that is added."""
        weight = sparse_weight(rng, 9, 14, 0.7, dtype=dtype, device=device)
        inputs = normal(rng, 6, 14, dtype=dtype, device=device)
        bias = normal(rng, 9, dtype=dtype, device=device)
        dense = (inputs.double() @ weight.double().T).to(dtype)
        assert_close(kata.csr_linear(compress(weight), inputs), dense)
        assert_close(kata.csr_linear(compress(weight), inputs, bias), dense + bias)

    def test_linear_without_entries(self, kata, rng, device):
        """Empty rows, empty weights, and batches of one or none are fine."""
        weight = sparse_weight(rng, 6, 5, 0.3, device=device)
        weight[[0, 1, 5]] = 0
        bias = normal(rng, 6, device=device)
        for batch in (4, 1, 0):
            inputs = normal(rng, batch, 5, device=device)
            for case in (weight, 0 * weight):
                got = kata.csr_linear(compress(case), inputs, bias)
                assert_close(got, inputs @ case.T + bias)
        assert_close(kata.csr_linear(compress(weight[:0]), inputs), inputs @ weight[:0].T)

    def test_linear_of_a_transposed_batch(self, kata, rng, device):
        """Inputs may lie in memory in any order."""
        weight = sparse_weight(rng, 7, 8, 0.6, device=device)
        inputs = normal(rng, 8, 5, device=device).T
        assert_close(kata.csr_linear(compress(weight), inputs), inputs @ weight.T)

    @pytest.mark.parametrize(
        ("shape", "share", "dtype"),
        [((9, 14), 0.7, torch.float64), ((20, 8), 0.9, torch.float32), ((5, 6), 1, torch.float32)],
    )
    def test_bytes(self, kata, rng, device, shape, share, dtype):
        """Every value costs its own bytes and 4 for its column, every row 4, and 4 more."""
        weight = sparse_weight(rng, *shape, share, dtype=dtype, device=device)
        kept, size = int(weight.count_nonzero()), 8 if dtype == torch.float64 else 4
        expected = kept * (size + 4) + 4 * (shape[0] + 1)
        assert_equal(kata.csr_bytes(compress(weight)), expected)

    def test_bytes_of_other_dtypes(self, kata, rng, device):
        """`csr_bytes` counts the tensors as they are, be it in half precision or int64."""
        csr = compress(sparse_weight(rng, 9, 14, 0.7, device=device))
        kept = len(csr["values"])
        half = csr | {"values": csr["values"].half()}
        assert_equal(kata.csr_bytes(half), 6 * kept + 40)
        wide = csr | {"indices": csr["indices"].long()}
        assert_equal(kata.csr_bytes(wide), 16 * kept + 40)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Neither function changes its arguments, nor returns memory that is theirs."""
        weight = sparse_weight(rng, 6, 5, 0, device=device)
        assert_equal(kata.run(compress_and_return_the_weight, weight), weight)
        inputs, bias = normal(rng, 4, 5, device=device), normal(rng, 6, device=device)
        arguments = (compress(weight), inputs, bias)
        assert_equal(kata.run(multiply_and_return_arguments, *arguments), arguments)

    @pytest.mark.parametrize("shape", [(8,), (2, 4, 3), ()])
    def test_refuses(self, kata, rng, device, shape):
        """A weight or inputs that are not 2-D are a ValueError with the name and the shape."""
        tensor = normal(rng, *shape, device=device)
        with refuses("weight", shape):
            kata.to_csr(tensor)
        csr = compress(sparse_weight(rng, 5, 3, 0.5, device=device))
        with refuses("inputs", shape):
            kata.csr_linear(csr, tensor)
