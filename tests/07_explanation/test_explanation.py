"""Explanation: what is asked, part by part.

Shapley values are judged against averages over all orders of the players, their estimates
against walks in plain Python and a solved system of optimality conditions, the local model
against scikit-learn's Ridge, path integrals against closed forms, attention against loops
without padding, rules against their own definition and an exhaustive search.
"""

from __future__ import annotations

import functools
import itertools
import math
import re

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import Ridge
from torch import nn

from grader.testing import assert_between, assert_close, assert_equal, assert_tensor, part

DTYPES = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])


def normal(rng, *shape, device, dtype=torch.float64):
    return torch.tensor(rng.normal(size=shape), dtype=dtype, device=device)


def refuses(name, value):
    """Expect a ValueError whose message holds the argument's name and the value."""
    pattern = rf"(?s)(?=.*\b{name}\b).*{re.escape(str(value))}"
    return pytest.raises(ValueError, match=pattern)


def curved(rng, features, device):
    """A model in which every feature matters and interacts with others."""
    first, second = normal(rng, features, 6, device=device), normal(rng, 6, device=device)
    third = normal(rng, features, device=device)

    def predict(rows):
        a, b, c = (weight.to(rows.dtype) for weight in (first, second, third))
        return torch.tanh(rows @ a) @ b + (rows @ c).square() / features + 0.7

    return predict


def problem(rng, features, rows, *, device, dtype=torch.float64):
    """A model, an example and a background."""
    return {
        "predict": curved(rng, features, device),
        "x": normal(rng, features, device=device, dtype=dtype),
        "background": normal(rng, rows, features, device=device, dtype=dtype),
    }


def subsets(features, device):
    """All coalitions, in the order of their bits."""
    rows = [[bool(s >> i & 1) for i in range(features)] for s in range(2**features)]
    return torch.tensor(rows, device=device)


def value_of(predict, x, background, present):
    """The mean prediction with the features of `present` fixed, row by row."""
    rows = [
        [float(x[i]) if i in present else float(row[i]) for i in range(len(x))]
        for row in background
    ]
    return predict(torch.tensor(rows, dtype=torch.float64, device=x.device)).mean().item()


def value_table(predict, x, background):
    """The values of all coalitions, keyed by the set of who is present."""
    features = range(len(x))
    every = itertools.chain.from_iterable(
        itertools.combinations(features, k) for k in [*features, len(x)]
    )
    return {frozenset(s): value_of(predict, x, background, s) for s in every}


def average_over_orders(values, players):
    """What each player adds on joining, averaged over the given orders of all players."""
    added = [0.0] * len(players[0])
    for order in players:
        before = frozenset()
        for player in order:
            after = before | {player}
            added[player] += (values[after] - values[before]) / len(players)
            before = after
    return added


def all_orders(features):
    return list(itertools.permutations(range(features)))


# -- Part 1 -----------------------------------------------------------------------------------


def game(players, value, *, device, dtype=torch.float64):
    """The table of a game whose coalitions, as sets of players, are worth `value(coalition)`."""
    coalitions = [{i for i in range(players) if s >> i & 1} for s in range(2**players)]
    worth = [float(value(coalition)) for coalition in coalitions]
    return torch.tensor(worth, dtype=dtype, device=device)


def explain_and_return_the_values(kata, values):
    kata.exact_shapley(values).fill_(7)
    return values


@part("Exact Shapley values", points=1)
class TestExact:
    def test_glove_game(self, kata, device):
        """Two left gloves and a right one, a pair worth 1: the values are 1/6, 1/6 and 2/3."""
        pairs = game(3, lambda s: min(len(s & {0, 1}), len(s & {2})), device=device)
        expected = torch.tensor([1 / 6, 1 / 6, 2 / 3], dtype=torch.float64, device=device)
        assert_close(kata.exact_shapley(pairs), expected)

    def test_airport_game(self, kata, device):
        """A runway for planes that need 8, 11, 13 and 18: they pay 2, 3, 4 and 9."""
        needs = [8, 11, 13, 18]
        runway = game(4, lambda s: max((needs[i] for i in s), default=0), device=device)
        expected = torch.tensor([2, 3, 4, 9], dtype=torch.float64, device=device)
        assert_close(kata.exact_shapley(runway), expected)

    def test_voting_game(self, kata, device):
        """Parties with 49, 48 and 3 of the votes and a quota of 51 have equal power."""
        votes = [49, 48, 3]
        wins = game(3, lambda s: sum(votes[i] for i in s) >= 51, device=device)
        expected = torch.full((3,), 1 / 3, dtype=torch.float64, device=device)
        assert_close(kata.exact_shapley(wins), expected)

    def test_bits_are_players(self, kata, device):
        """Player `i` takes part in entry `s` if bit `i` of `s` is set: `s >> i & 1`."""
        worth = [5.0, -1.0, 0.25, 3.0]
        values = game(4, lambda s: 2 + sum(worth[i] for i in s), device=device)
        expected = torch.tensor(worth, dtype=torch.float64, device=device)
        assert_close(kata.exact_shapley(values), expected)

    @DTYPES
    @pytest.mark.parametrize("players", [1, 2, 3, 4, 5])
    def test_average_over_all_orders(self, kata, rng, device, dtype, players):
        """A Shapley value is what a player adds on joining, averaged over all orders."""
        values = normal(rng, 2**players, device=device, dtype=dtype)
        table = {
            frozenset(i for i in range(players) if s >> i & 1): value
            for s, value in enumerate(values.tolist())
        }
        expected = average_over_orders(table, all_orders(players))
        got = kata.exact_shapley(values)
        assert_close(got, torch.tensor(expected, dtype=dtype, device=device))

    def test_twelve_players(self, kata, rng, device):
        """What a pair earns together is shared equally, also among twelve players."""
        own = normal(rng, 12, device=device)
        pairs = normal(rng, 12, 12, device=device).triu(1)
        present = subsets(12, device).double()
        values = 0.3 + present @ own + ((present @ pairs) * present).sum(1)
        assert_close(kata.exact_shapley(values), own + (pairs.sum(0) + pairs.sum(1)) / 2)

    def test_every_second_entry(self, kata, rng, device):
        """The values may lie in memory in any order, and stay as they are."""
        values = normal(rng, 16, device=device)
        expected = average_over_orders(
            {frozenset(i for i in range(3) if s >> i & 1): values[2 * s].item() for s in range(8)},
            all_orders(3),
        )
        expected = torch.tensor(expected, dtype=torch.float64, device=device)
        assert_close(kata.exact_shapley(values[::2]), expected)
        assert_equal(kata.run(explain_and_return_the_values, values[:2]), values[:2])

    @pytest.mark.parametrize("shape", [(0,), (1,), (3,), (12,), (2, 2), (4, 1), ()])
    def test_refuses(self, kata, rng, device, shape):
        """Values that are no table of 2, 4, 8, ... are a ValueError with `values` and the shape."""
        with refuses("values", shape):
            kata.exact_shapley(normal(rng, *shape, device=device))


# -- Part 2 -----------------------------------------------------------------------------------


def value_and_return_arguments(kata, predict, *tensors):
    kata.coalition_values(predict, *tensors)
    return tensors


@part("Absent features", points=1)
class TestAbsent:
    def test_by_hand(self, kata, device):
        """Of `x1 * x2` at (3, 5), with the rows (1, 2) and (-1, 6) as background."""

        def product(rows):
            return rows[:, 0] * rows[:, 1]

        x = torch.tensor([3.0, 5.0], device=device)
        background = torch.tensor([[1.0, 2.0], [-1.0, 6.0]], device=device)
        got = kata.coalition_values(product, x, background, subsets(2, device))
        # None: (2 - 6) / 2. First alone: (6 + 18) / 2. Second alone: (5 - 5) / 2. Both: 15.
        assert_close(got, torch.tensor([-2.0, 12.0, 0.0, 15.0], device=device))

    @DTYPES
    @pytest.mark.parametrize("rows", [1, 2, 9])
    def test_mean_over_the_background(self, kata, rng, device, dtype, rows):
        """A coalition is worth the mean prediction over the rows, not that for the mean row."""
        given = problem(rng, 4, rows, device=device, dtype=dtype)
        table = value_table(**given)
        coalitions = subsets(4, device)[rng.permutation(16)]
        expected = [table[frozenset(row.nonzero()[:, 0].tolist())] for row in coalitions]
        got = kata.coalition_values(**given, coalitions=coalitions)
        assert_close(got, torch.tensor(expected, dtype=dtype, device=device))

    @pytest.mark.parametrize(("count", "rows"), [(700, 30), (3, 5000), (5000, 3), (4097, 1)])
    def test_many_rows(self, kata, rng, device, count, rows):
        """However many coalitions and rows there are, each coalition has its own mean."""
        slopes, x = normal(rng, 3, device=device), normal(rng, 3, device=device)
        background = normal(rng, rows, 3, device=device)
        coalitions = torch.tensor(rng.random((count, 3)) < 0.4, device=device)
        got = kata.coalition_values(lambda r: (r @ slopes).square(), x, background, coalitions)
        known = coalitions.double() @ (slopes * x)
        unknown = (~coalitions).double() @ (slopes * background).T
        assert_close(got, (known[:, None] + unknown).square().mean(1))

    def test_a_network(self, kata, rng, device):
        """The model may be a module in float32, whose parameters have gradients."""
        generator = torch.Generator().manual_seed(int(rng.integers(2**32)))
        model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
        for parameter in model.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)
        model = model.to(device)
        x, background = normal(rng, 4, device=device), normal(rng, 5, 4, device=device)
        x, background = x.float(), background.float()
        coalitions = subsets(4, device)
        rows = torch.where(coalitions[:, None], x, background)
        expected = model(rows.reshape(-1, 4)).reshape(16, 5).mean(1).detach()
        assert_close(kata.coalition_values(model, x, background, coalitions), expected)

    def test_smallest(self, kata, rng, device):
        """There may be one feature, one coalition, or no coalition at all."""
        given = problem(rng, 1, 3, device=device)
        coalitions = subsets(1, device)
        expected = [value_of(**given, present=present) for present in ((), (0,))]
        expected = torch.tensor(expected, dtype=torch.float64, device=device)
        assert_close(kata.coalition_values(**given, coalitions=coalitions), expected)
        assert_close(kata.coalition_values(**given, coalitions=coalitions[1:]), expected[1:])
        assert_close(kata.coalition_values(**given, coalitions=coalitions[:0]), expected[:0])

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Nothing is written to the example, the background or the coalitions, however they lie."""
        given = problem(rng, 3, 4, device=device)
        tensors = given["x"], given["background"].T.contiguous().T, subsets(3, device)
        got = kata.run(value_and_return_arguments, given["predict"], *tensors)
        assert_equal(got, tensors)

    @pytest.mark.parametrize("shape", [(0, 3), (2, 4), (2, 2), (3,), (1, 2, 3)])
    def test_refuses(self, kata, rng, device, shape):
        """A background or coalitions of another shape: a ValueError with the name and the shape."""
        given = problem(rng, 3, 4, device=device)
        coalitions = subsets(3, device)
        if shape[0]:
            with refuses("coalitions", shape):
                other = torch.ones(shape, dtype=torch.bool, device=device)
                kata.coalition_values(**given, coalitions=other)
        with refuses("background", shape):
            given["background"] = torch.ones(shape, dtype=torch.float64, device=device)
            kata.coalition_values(**given, coalitions=coalitions)


# -- Part 3 -----------------------------------------------------------------------------------


def both_ways(permutations):
    """The orders and their reversals."""
    orders = permutations.tolist()
    return orders + [order[::-1] for order in orders]


def orders_of(rng, count, features, device):
    orders = np.stack([rng.permutation(features) for _ in range(count)])
    return torch.tensor(orders, device=device)


def permute_and_return_arguments(kata, predict, *tensors):
    kata.permutation_shapley(predict, *tensors)
    return tensors


@part("Permutations", points=1)
class TestPermutations:
    def test_by_hand(self, kata, device):
        """Of `x1 * x2 * x3` at (2, 3, 5) from (0, 1, 1), in the order 2, 0, 1 and back."""

        def product(rows):
            return rows.prod(1)

        x = torch.tensor([2.0, 3.0, 5.0], device=device)
        background = torch.tensor([[0.0, 1.0, 1.0]], device=device)
        orders = torch.tensor([[2, 0, 1]], device=device)
        # Forward the value goes 0, 0, 10, 30; back, in the order 1, 0, 2, it goes 0, 0, 6, 30.
        expected = torch.tensor([(10 + 6) / 2, (20 + 0) / 2, (0 + 24) / 2], device=device)
        assert_close(kata.permutation_shapley(product, x, background, orders), expected)

    @DTYPES
    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_walks_there_and_back(self, kata, rng, device, dtype, count):
        """Each order is walked both ways; what a feature adds is averaged over both."""
        given = problem(rng, 4, 3, device=device, dtype=dtype)
        orders = orders_of(rng, count, 4, device)
        expected = average_over_orders(value_table(**given), both_ways(orders))
        got = kata.permutation_shapley(**given, permutations=orders)
        assert_close(got, torch.tensor(expected, dtype=dtype, device=device))

    def test_an_order_counts_as_often_as_it_is_there(self, kata, rng, device):
        """An order that was drawn twice weighs twice."""
        given = problem(rng, 4, 3, device=device)
        orders = torch.tensor([[2, 0, 3, 1], [2, 0, 3, 1], [1, 2, 0, 3]], device=device)
        expected = average_over_orders(value_table(**given), both_ways(orders))
        got = kata.permutation_shapley(**given, permutations=orders)
        assert_close(got, torch.tensor(expected, dtype=torch.float64, device=device))

    def test_all_orders_are_exact(self, kata, rng, device):
        """Over all orders the estimate is the Shapley value itself."""
        given = problem(rng, 4, 3, device=device)
        expected = average_over_orders(value_table(**given), all_orders(4))
        got = kata.permutation_shapley(**given, permutations=torch.tensor(all_orders(4)).to(device))
        assert_close(got, torch.tensor(expected, dtype=torch.float64, device=device))

    @pytest.mark.parametrize("features", [2, 9, 17])
    def test_efficiency(self, kata, rng, device, features):
        """The values add up to `f(x)` less the mean prediction for the background."""
        given = problem(rng, features, 5, device=device)
        orders = orders_of(rng, 2, features, device)
        got = kata.permutation_shapley(**given, permutations=orders)
        assert_tensor(got, shape=(features,), dtype=torch.float64, device=device)
        whole = given["predict"](given["x"][None])[0] - given["predict"](given["background"]).mean()
        assert_close(got.sum(), whole)

    def test_linear_model(self, kata, rng, device):
        """Of a linear model any order gives `w * (x - mean of the background)` exactly."""
        slopes, x = normal(rng, 12, device=device), normal(rng, 12, device=device)
        background = normal(rng, 6, 12, device=device)
        orders = orders_of(rng, 1, 12, device)
        got = kata.permutation_shapley(lambda r: r @ slopes + 3, x, background, orders)
        assert_close(got, slopes * (x - background.mean(0)))

    def test_pairs_are_shared(self, kata, rng, device):
        """There and back, pairs of features share their product equally, in any single order."""
        pairs, x = normal(rng, 6, 6, device=device).triu(1), normal(rng, 6, device=device)
        nothing = torch.zeros(1, 6, dtype=torch.float64, device=device)
        orders = orders_of(rng, 1, 6, device)
        got = kata.permutation_shapley(lambda r: ((r @ pairs) * r).sum(1), x, nothing, orders)
        assert_close(got, x * ((pairs + pairs.T) @ x) / 2)

    def test_one_feature(self, kata, rng, device):
        """A single feature has the whole difference."""
        given = problem(rng, 1, 4, device=device)
        expected = given["predict"](given["x"][None]) - given["predict"](given["background"]).mean()
        orders = torch.zeros(3, 1, dtype=torch.int64, device=device)
        assert_close(kata.permutation_shapley(**given, permutations=orders), expected)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Neither the example nor the background nor the orders are written to."""
        given = problem(rng, 3, 4, device=device)
        tensors = given["x"], given["background"], orders_of(rng, 2, 3, device)
        got = kata.run(permute_and_return_arguments, given["predict"], *tensors)
        assert_equal(got, tensors)

    @pytest.mark.parametrize("shape", [(0, 3), (2, 4), (2, 2), (3,), (1, 1, 3)])
    def test_refuses_a_shape(self, kata, rng, device, shape):
        """Orders of another shape, or none, are a ValueError with `permutations` and the shape."""
        orders = torch.zeros(shape, dtype=torch.int64, device=device)
        with refuses("permutations", shape):
            kata.permutation_shapley(**problem(rng, 3, 4, device=device), permutations=orders)

    @pytest.mark.parametrize("row", [[0, 1, 1], [1, 2, 3], [0, -1, 2], [0, 0, 0]])
    def test_refuses_what_is_no_permutation(self, kata, rng, device, row):
        """A row that is no permutation is a ValueError with `permutations` and that row."""
        orders = torch.tensor([[2, 1, 0], row, [1, 0, 2]], device=device)
        with refuses("permutations", row):
            kata.permutation_shapley(**problem(rng, 3, 4, device=device), permutations=orders)


# -- Part 4 -----------------------------------------------------------------------------------


def constrained_least_squares(values, coalitions, weights):
    """Solve the optimality conditions, with a multiplier for the constraint.

    `values` start with those of the empty and the full coalition.
    """
    z, w = coalitions.double().cpu().numpy(), np.asarray(weights, dtype=np.float64)
    none, full, *others = values
    gap, features = np.array(others) - none, z.shape[1]
    system = np.zeros((features + 1, features + 1))
    system[:-1, :-1] = 2 * z.T @ (w[:, None] * z)
    system[:-1, -1] = system[-1, :-1] = 1
    return np.linalg.solve(system, [*(2 * z.T @ (w * gap)), full - none])[:-1]


def kernel_of(coalitions):
    """The kernel's weights from factorials, 0 at the ends."""
    m, weights = coalitions.shape[1], []
    for s in coalitions.sum(1).tolist():
        comb = math.factorial(m) // (math.factorial(s) * math.factorial(m - s))
        weights.append((m - 1) / comb / s / (m - s) if 0 < s < m else 0.0)
    return weights


def expected_kernel_shap(given, coalitions, weights):
    ends = [(), tuple(range(len(given["x"])))]
    present = [tuple(row.nonzero()[:, 0].tolist()) for row in coalitions]
    values = [value_of(**given, present=p) for p in [*ends, *present]]
    found = constrained_least_squares(values, coalitions, weights)
    return torch.tensor(found, dtype=given["x"].dtype, device=given["x"].device)


def random_coalitions(rng, count, features, device):
    """Coalitions that determine a fit at every seed: each feature alone, and others."""
    alone = np.eye(features, dtype=bool)
    others = rng.random((count - features, features)) < 0.5
    return torch.tensor(np.concatenate([others, alone]), device=device)


def fit_and_return_arguments(kata, predict, *tensors):
    kata.kernel_shap(predict, *tensors)
    return tensors


@functools.cache
def breast_cancer():
    """Standardised features, 8 of them, and the diagnoses."""
    x, y = load_breast_cancer(return_X_y=True)
    x = x[:, :8]
    return (x - x.mean(0)) / x.std(0), y


@part("Kernel SHAP", points=2)
class TestKernel:
    def test_kernel_by_hand(self, kata, device):
        """Of four features, coalitions of 1, 2 and 3 weigh 1/4, 1/8 and 1/4."""
        coalitions = torch.tensor(
            [[1, 0, 0, 0], [0, 1, 1, 0], [1, 1, 0, 1], [0, 0, 0, 1]],
            dtype=torch.bool,
            device=device,
        )
        expected = torch.tensor([1 / 4, 1 / 8, 1 / 4, 1 / 4], dtype=torch.float64, device=device)
        assert_close(kata.shapley_kernel(coalitions), expected)

    @pytest.mark.parametrize("features", [1, 2, 3, 7, 40])
    def test_kernel(self, kata, rng, device, features):
        """`s` of `m` features weigh `(m - 1) / (comb(m, s) * s * (m - s))`; none and all 0."""
        rows = np.tri(features + 1, features, -1, dtype=bool)[rng.permutation(features + 1)]
        coalitions = torch.tensor(rows, device=device)
        expected = torch.tensor(kernel_of(coalitions), dtype=torch.float64, device=device)
        assert_close(kata.shapley_kernel(coalitions), expected)
        assert_close(kata.shapley_kernel(coalitions[:0]), expected[:0])

    @pytest.mark.parametrize("features", [2, 3, 5])
    def test_all_coalitions_are_exact(self, kata, rng, device, features):
        """From all coalitions, with none and all or without, the fit is the Shapley values."""
        given = problem(rng, features, 3, device=device)
        expected = average_over_orders(value_table(**given), all_orders(features))
        expected = torch.tensor(expected, dtype=torch.float64, device=device)
        coalitions = subsets(features, device)
        assert_close(kata.kernel_shap(**given, coalitions=coalitions), expected)
        assert_close(kata.kernel_shap(**given, coalitions=coalitions[1:-1]), expected)

    def test_some_coalitions(self, kata, rng, device):
        """From some coalitions it is the weighted least squares fit that adds up to the whole."""
        given = problem(rng, 5, 3, device=device)
        coalitions = random_coalitions(rng, 14, 5, device)
        expected = expected_kernel_shap(given, coalitions, kernel_of(coalitions))
        assert_close(kata.kernel_shap(**given, coalitions=coalitions), expected, rtol=1e-8)

    def test_in_single_precision(self, kata, rng, device):
        """A float32 model gives float32 values, right to four digits."""
        given = problem(rng, 4, 3, device=device, dtype=torch.float32)
        coalitions = random_coalitions(rng, 12, 4, device)
        expected = expected_kernel_shap(given, coalitions, kernel_of(coalitions))
        assert_close(kata.kernel_shap(**given, coalitions=coalitions), expected, rtol=1e-4)

    def test_given_weights(self, kata, rng, device):
        """Given weights replace the kernel's; a coalition of weight 0 says nothing."""
        given = problem(rng, 4, 3, device=device)
        coalitions = random_coalitions(rng, 12, 4, device)
        weights = torch.tensor(rng.uniform(0.2, 3, size=12), device=device)
        weights[:2] = 0
        expected = expected_kernel_shap(given, coalitions, weights.tolist())
        got = kata.kernel_shap(**given, coalitions=coalitions, weights=weights)
        assert_close(got, expected, rtol=1e-8)
        ones = torch.ones(12, dtype=torch.float32, device=device)
        expected = expected_kernel_shap(given, coalitions, ones.tolist())
        got = kata.kernel_shap(**given, coalitions=coalitions, weights=ones)
        assert_close(got, expected, rtol=1e-8)

    def test_a_coalition_counts_as_often_as_it_is_there(self, kata, rng, device):
        """A coalition that was drawn twice weighs twice."""
        given = problem(rng, 4, 3, device=device)
        coalitions = random_coalitions(rng, 8, 4, device)[[0, 0, 0, *range(1, 8), 5]]
        expected = expected_kernel_shap(given, coalitions, kernel_of(coalitions))
        assert_close(kata.kernel_shap(**given, coalitions=coalitions), expected, rtol=1e-8)

    def test_efficiency(self, kata, rng, device):
        """Whatever the weights, the values add up to `f(x)` less the mean prediction."""
        given = problem(rng, 9, 4, device=device)
        whole = given["predict"](given["x"][None])[0] - given["predict"](given["background"]).mean()
        for scale in (1e-6, 30):
            coalitions = random_coalitions(rng, 20, 9, device)
            weights = torch.full((20,), scale, dtype=torch.float64, device=device)
            got = kata.kernel_shap(**given, coalitions=coalitions, weights=weights)
            assert_tensor(got, shape=(9,), dtype=torch.float64, device=device)
            assert_close(got.sum(), whole)

    def test_linear_model(self, kata, rng, device):
        """Of a linear model with 30 features, all of which count, the values are exact."""
        slopes, x = normal(rng, 30, device=device), normal(rng, 30, device=device)
        background = normal(rng, 6, 30, device=device)
        coalitions = random_coalitions(rng, 80, 30, device)
        got = kata.kernel_shap(lambda r: r @ slopes - 2, x, background, coalitions)
        assert_close(got, slopes * (x - background.mean(0)), rtol=1e-9)

    def test_one_feature(self, kata, rng, device):
        """A single feature has the whole difference, with or without coalitions."""
        given = problem(rng, 1, 4, device=device)
        expected = given["predict"](given["x"][None]) - given["predict"](given["background"]).mean()
        for coalitions in (subsets(1, device), subsets(1, device)[:0]):
            assert_close(kata.kernel_shap(**given, coalitions=coalitions), expected)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Neither example, background and coalitions nor the weights are written to."""
        given = problem(rng, 3, 4, device=device)
        weights = torch.linspace(0, 1, 8, dtype=torch.float64, device=device)
        tensors = given["x"], given["background"], subsets(3, device), weights
        assert_equal(kata.run(fit_and_return_arguments, given["predict"], *tensors), tensors)

    @pytest.mark.parametrize("shape", [(7,), (9,), (8, 1), (0,)])
    def test_refuses_weights_of_another_shape(self, kata, rng, device, shape):
        """Other than one weight for each coalition is a ValueError with `weights` and the shape."""
        weights = torch.ones(shape, dtype=torch.float64, device=device)
        with refuses("weights", shape):
            kata.kernel_shap(
                **problem(rng, 3, 4, device=device), coalitions=subsets(3, device), weights=weights
            )

    @pytest.mark.parametrize("value", [-0.25, math.nan])
    def test_refuses_a_weight(self, kata, rng, device, value):
        """A negative weight, or NaN, is a ValueError with `weights` and that weight."""
        weights = torch.linspace(0, 1, 8, dtype=torch.float64, device=device)
        weights[4] = value
        with refuses("weights", value):
            kata.kernel_shap(
                **problem(rng, 3, 4, device=device), coalitions=subsets(3, device), weights=weights
            )

    def test_breast_cancer(self, kata, rng, device):
        """Of a classifier of real tumours the fit from all coalitions is the Shapley values."""
        features, diagnoses = breast_cancer()
        centres = np.stack([features[diagnoses == c].mean(0) for c in (0, 1)])
        centres = torch.tensor(centres, device=device)
        chosen = rng.permutation(len(features))[:13]
        x, *background = torch.tensor(features[chosen], device=device)

        def predict(rows):  # the nearer centre is the likelier class
            return (-torch.cdist(rows, centres)).softmax(1)[:, 1]

        given = {"predict": predict, "x": x, "background": torch.stack(background)}
        coalitions = subsets(8, device)
        rows = torch.where(coalitions[:, None], x, given["background"])
        values = predict(rows.flatten(0, 1)).reshape(256, 12).mean(1).tolist()
        expected = [
            sum(
                (values[s | 1 << i] - values[s]) / 8 / math.comb(7, s.bit_count())
                for s in range(256)
                if not s >> i & 1
            )
            for i in range(8)
        ]
        expected = torch.tensor(expected, dtype=torch.float64, device=device)
        assert_close(kata.kernel_shap(**given, coalitions=coalitions), expected, rtol=1e-9)


# -- Part 5 -----------------------------------------------------------------------------------


def neighbourhood(rng, features, count, *, device, dtype=torch.float64):
    """A model, an example, examples around it, and units of different size."""
    scale = torch.tensor(rng.uniform(0.3, 4, size=features), device=device)
    x = normal(rng, features, device=device)
    samples = x + 0.8 * scale * normal(rng, count, features, device=device)
    tensors = {"x": x, "samples": samples, "scale": scale}
    given = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    return {"predict": curved(rng, features, device)} | given


def expected_lime(given, kernel_width, ridge):
    x, samples, scale = (given[name].double().cpu().numpy() for name in ("x", "samples", "scale"))
    z = (samples - x) / scale
    weights = np.exp(-0.5 * (z**2).sum(1) / kernel_width**2)
    y = given["predict"](given["samples"].double()).cpu().numpy()
    model = Ridge(alpha=ridge, solver="cholesky").fit(z, y, sample_weight=weights)
    return {
        "coefficients": torch.tensor(model.coef_).to(given["x"]),
        "intercept": float(model.intercept_),
        "score": float(model.score(z, y, sample_weight=weights)),
    }


def explain_and_return_arguments(kata, predict, *tensors):
    kata.lime_tabular(predict, *tensors)
    return tensors


@part("LIME", points=1)
class TestLime:
    @pytest.mark.parametrize("kernel_width", [0.5, 1.3, 6.0])
    @pytest.mark.parametrize("ridge", [0.2, 5.0])
    def test_weighted_ridge(self, kata, rng, device, kernel_width, ridge):
        """The fit is scikit-learn's Ridge on `(samples - x) / scale`, weighted by nearness."""
        given = neighbourhood(rng, 4, 60, device=device)
        got = kata.lime_tabular(**given, kernel_width=kernel_width, ridge=ridge)
        assert_close(got, expected_lime(given, kernel_width, ridge), rtol=1e-8)

    @pytest.mark.parametrize("features", [1, 3, 9])
    def test_defaults(self, kata, rng, device, features):
        """By default the width is `0.75 * sqrt(features)` and the ridge 1."""
        given = neighbourhood(rng, features, 50, device=device)
        expected = expected_lime(given, 0.75 * math.sqrt(features), 1.0)
        assert_close(kata.lime_tabular(**given), expected, rtol=1e-8)

    def test_in_single_precision(self, kata, rng, device):
        """A float32 model gives float32 coefficients, right to four digits."""
        given = neighbourhood(rng, 4, 60, device=device, dtype=torch.float32)
        assert_close(
            kata.lime_tabular(**given, ridge=0.5), expected_lime(given, 1.5, 0.5), rtol=5e-4
        )

    def test_without_ridge_a_linear_model_is_found(self, kata, rng, device):
        """With a ridge of 0 a linear model is found: slopes times units, `f(x)` and score 1."""
        given = neighbourhood(rng, 5, 40, device=device)
        slopes = normal(rng, 5, device=device)
        given["predict"] = lambda rows: rows @ slopes + 40
        expected = {
            "coefficients": slopes * given["scale"],
            "intercept": (given["x"] @ slopes + 40).item(),
            "score": 1.0,
        }
        assert_close(kata.lime_tabular(**given, kernel_width=2.0, ridge=0), expected, rtol=1e-8)

    def test_the_intercept_is_free(self, kata, rng, device):
        """However strong the ridge, the intercept is the weighted mean of what is predicted."""
        given = neighbourhood(rng, 3, 30, device=device)
        z = (given["samples"] - given["x"]) / given["scale"]
        weights = torch.exp(-z.square().sum(1) / (2 * 1.7**2))
        predictions = given["predict"](given["samples"])
        expected = {
            "coefficients": torch.zeros(3, dtype=torch.float64, device=device),
            "intercept": ((weights @ predictions) / weights.sum()).item(),
            "score": 0.0,
        }
        got = kata.lime_tabular(**given, kernel_width=1.7, ridge=1e12)
        assert_close(got, expected, rtol=1e-8, atol=1e-8)

    def test_breast_cancer(self, kata, rng, device):
        """Around a real tumour a linear model explains most of a probability, and as Ridge does."""
        # Over 200 seeds the score was 0.98 or more.
        features, diagnoses = breast_cancer()
        direction = features[diagnoses == 1].mean(0) - features[diagnoses == 0].mean(0)
        direction = torch.tensor(direction, device=device)
        x = torch.tensor(features[rng.integers(len(features))], device=device)
        given = {
            "predict": lambda rows: torch.sigmoid((rows - x) @ direction / 4),
            "x": x,
            "samples": x + normal(rng, 300, 8, device=device),
            "scale": torch.full((8,), 1.25, dtype=torch.float64, device=device),
        }
        got = kata.lime_tabular(**given)
        assert_close(got, expected_lime(given, 0.75 * math.sqrt(8), 1.0), rtol=1e-8)
        assert_between(got["score"], 0.8, 1)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Neither the example nor the samples nor the scale are written to."""
        given = neighbourhood(rng, 3, 20, device=device)
        tensors = given["x"], given["samples"], given["scale"]
        assert_equal(kata.run(explain_and_return_arguments, given["predict"], *tensors), tensors)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("kernel_width", 0.0),
            ("kernel_width", -1.5),
            ("ridge", -0.1),
            ("kernel_width", math.nan),
        ],
    )
    def test_refuses(self, kata, rng, device, name, value):
        """A width that is not above 0 and a negative ridge are a ValueError with name and value."""
        with refuses(name, value):
            kata.lime_tabular(**neighbourhood(rng, 3, 20, device=device), **{name: value})

    @pytest.mark.parametrize("value", [0.0, -2.5, math.nan])
    def test_refuses_a_scale(self, kata, rng, device, value):
        """A unit that is not above 0 is a ValueError with `scale` and that unit."""
        given = neighbourhood(rng, 3, 20, device=device)
        given["scale"][1] = value
        with refuses("scale", value):
            kata.lime_tabular(**given)

    @pytest.mark.parametrize(
        ("name", "shape"),
        [
            ("scale", (2,)),
            ("scale", (1,)),
            ("scale", (1, 3)),
            ("samples", (20, 4)),
            ("samples", (3,)),
        ],
    )
    def test_refuses_a_shape(self, kata, rng, device, name, shape):
        """Samples or a scale of another shape are a ValueError with the name and the shape."""
        given = neighbourhood(rng, 3, 20, device=device)
        given[name] = torch.ones(shape, dtype=torch.float64, device=device)
        with refuses(name, shape):
            kata.lime_tabular(**given)


# -- Part 6 -----------------------------------------------------------------------------------


def attribute_without_gradients(kata, model, inputs, baseline):
    """Attributions under `no_grad`, and what is left of gradients afterwards."""
    with torch.no_grad():
        found = kata.integrated_gradients(model, inputs, baseline, steps=6)
    left = [p.grad for p in model.parameters()]
    return found, left, inputs, baseline


def steep(rng, shape, device, count=12):
    """A model with steep steps, which tell one set of nodes from another, and its gradient."""
    size = math.prod(shape)
    slopes, places = 9 * normal(rng, size, count, device=device), normal(rng, count, device=device)
    heights = normal(rng, count, device=device)

    def model(rows):
        a, b, c = (weight.to(rows.dtype) for weight in (slopes, places, heights))
        return torch.tanh(rows.reshape(len(rows), size) @ a - b) @ c

    def gradient(rows):
        steps = torch.tanh(rows.reshape(len(rows), size) @ slopes - places)
        return (((1 - steps**2) * heights) @ slopes.T).reshape(rows.shape)

    return model, gradient


def expected_integral(gradient, inputs, baseline, steps):
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    inputs, baseline = inputs.double(), baseline.double()
    way = inputs - baseline
    total = torch.zeros_like(way)
    for node, weight in zip(nodes, weights, strict=True):
        total += weight / 2 * gradient(baseline + (node + 1) / 2 * way)
    return way * total


@functools.cache
def digits_network():
    """Digits, and a network with random hidden units whose last layer is solved for."""
    pixels, labels = load_digits(return_X_y=True)
    pixels, rng = pixels / 16, np.random.default_rng(5)
    first, places = rng.normal(size=(64, 150)) / 4, rng.normal(size=150) / 2
    hidden = np.maximum(pixels @ first - places, 0)
    wanted = 6.0 * (np.eye(10)[labels] - 0.1)
    system = hidden.T @ hidden + 5 * np.eye(150)
    return pixels, labels, first, places, np.linalg.solve(system, hidden.T @ wanted)


@part("Integrated gradients", points=1)
class TestIntegrated:
    def test_quadratic(self, kata, rng, device):
        """Of `x @ A @ x` the integral from `b` is `(x - b) * (A @ (x + b))`, with a single node."""
        a, inputs = normal(rng, 5, 5, device=device), normal(rng, 4, 5, device=device)
        a, baseline = a + a.T, normal(rng, 5, device=device)
        expected = (inputs - baseline) * ((inputs + baseline) @ a)
        for steps in (1, 3):
            got = kata.integrated_gradients(
                lambda r: ((r @ a) * r).sum(1), inputs, baseline, steps=steps
            )
            assert_close(got, expected)

    def test_nodes_are_those_of_gauss_and_legendre(self, kata, rng, device):
        """Two nodes integrate a cubic gradient exactly; one takes it for that of the middle."""
        factors, inputs = normal(rng, 4, device=device), normal(rng, 3, 4, device=device)
        baseline = normal(rng, 4, device=device)

        def quartic(rows):
            return (factors * rows**4).sum(1)

        got = kata.integrated_gradients(quartic, inputs, baseline, steps=2)
        assert_close(got, factors * (inputs**4 - baseline**4))
        got = kata.integrated_gradients(quartic, inputs, baseline, steps=1)
        middle = (inputs + baseline) / 2
        assert_close(got, (inputs - baseline) * factors * 4 * middle**3)

    @DTYPES
    @pytest.mark.parametrize("options", [{}, {"steps": 7}, {"steps": 50}, {"steps": 20}])
    @pytest.mark.parametrize("shape", [(5,), (2, 3, 2)])
    def test_any_number_of_nodes(self, kata, rng, device, dtype, options, shape):
        """Gradients at the nodes are summed with their weights, at 50 nodes by default."""
        model, gradient = steep(rng, shape, device)
        inputs = normal(rng, 4, *shape, device=device, dtype=dtype)
        baseline = normal(rng, *shape, device=device, dtype=dtype)
        expected = expected_integral(gradient, inputs, baseline, options.get("steps", 50))
        got = kata.integrated_gradients(model, inputs, baseline, **options)
        # A step turns the rounding of float32 into a hundred times as much.
        assert_close(got, expected.to(dtype), rtol=1e-10 if dtype == torch.float64 else 1e-3)

    def test_completeness(self, kata, rng, device):
        """The attributions of an example add up to the difference that the baseline makes."""
        first, second = normal(rng, 6, 20, device=device), normal(rng, 20, device=device)

        def model(rows):
            return torch.tanh(rows @ first) @ second

        inputs, baseline = normal(rng, 8, 6, device=device), normal(rng, 6, device=device)
        got = kata.integrated_gradients(model, inputs, baseline)
        assert_tensor(got, shape=(8, 6), dtype=torch.float64, device=device)
        expected = model(inputs) - model(baseline[None])
        assert_close(got.sum(1), expected, rtol=1e-3)

    def test_few_examples(self, kata, rng, device):
        """There may be one example or none; an example that is the baseline has zeros."""
        model, gradient = steep(rng, (4,), device)
        inputs, baseline = normal(rng, 1, 4, device=device), normal(rng, 4, device=device)
        expected = expected_integral(gradient, inputs, baseline, 9)
        assert_close(kata.integrated_gradients(model, inputs, baseline, 9), expected)
        assert_close(kata.integrated_gradients(model, inputs[:0], baseline, 9), expected[:0])
        got = kata.integrated_gradients(model, baseline[None], baseline, 9)
        assert_close(got, 0 * expected, atol=1e-12)

    def test_leaves_no_trace(self, kata, rng, device):
        """It works under `no_grad`, and changes neither its arguments nor a parameter's `.grad`."""
        model = nn.Sequential(nn.Linear(3, 4), nn.Softplus(), nn.Linear(4, 1), nn.Flatten(0))
        model = model.double().to(device)
        for parameter in model.parameters():
            parameter.data = normal(rng, *parameter.shape, device=device)
        inputs, baseline = normal(rng, 5, 3, device=device), normal(rng, 3, device=device)

        def gradient(rows):
            rows = rows.clone().requires_grad_()
            return torch.autograd.grad(model(rows).sum(), rows)[0]

        expected = expected_integral(gradient, inputs, baseline, 6)
        got = kata.run(attribute_without_gradients, model, inputs, baseline)
        assert_close(got, (expected, [None] * 4, inputs, baseline))

    def test_digits(self, kata, rng, device):
        """The 8 pixels that it names cost a digit most of its probability, 8 others do not."""
        # Over 100 seeds the losses differ by 0.55 to 0.73, and gaps are below 0.021.
        pixels, labels, *weights = digits_network()
        first, places, second = (torch.tensor(weight, device=device) for weight in weights)
        black = torch.zeros(64, dtype=torch.float64, device=device)
        named, others = [], []
        for digit in (0, 3, 6, 8):
            chosen = rng.permutation(np.flatnonzero(labels == digit))[:10]
            inputs = torch.tensor(pixels[chosen], device=device)

            def predict(rows, digit=digit):
                return ((rows @ first - places).relu() @ second).softmax(1)[:, digit]

            got = kata.integrated_gradients(predict, inputs, black)
            assert_tensor(got, shape=(10, 64), dtype=torch.float64, device=device)
            gap = (got.sum(1) - (predict(inputs) - predict(black[None]))).abs()
            assert_between(gap, 0, 0.05)
            before = predict(inputs)
            random = torch.tensor(rng.random((10, 64)), device=device)
            for scores, losses in ((got, named), (random, others)):
                left = inputs.scatter(1, scores.topk(8).indices, 0.0)
                losses.append((before - predict(left)).mean().item())
        assert_between(sum(named) / 4 - sum(others) / 4, 0.2, 1)

    @pytest.mark.parametrize("steps", [0, -3])
    def test_refuses_steps(self, kata, rng, device, steps):
        """Fewer than one step is a ValueError with `steps` and the number."""
        model, _ = steep(rng, (4,), device)
        inputs, baseline = normal(rng, 3, 4, device=device), normal(rng, 4, device=device)
        with refuses("steps", steps):
            kata.integrated_gradients(model, inputs, baseline, steps)

    @pytest.mark.parametrize("shape", [(3,), (1,), (), (1, 4), (3, 4)])
    def test_refuses_a_baseline(self, kata, rng, device, shape):
        """A baseline that is not one example is a ValueError with `baseline` and its shape."""
        model, _ = steep(rng, (4,), device)
        with refuses("baseline", shape):
            kata.integrated_gradients(
                model, normal(rng, 3, 4, device=device), normal(rng, *shape, device=device)
            )


# -- Part 7 -----------------------------------------------------------------------------------


def sequences(rng, lengths, width, *, device, dtype=torch.float64):
    """Padded sequences, their scores, and which places are tokens; padding is anywhere."""
    tokens = max(lengths) + 2
    hidden = normal(rng, len(lengths), tokens, width, device=device, dtype=dtype)
    scores = 2 * normal(rng, len(lengths), tokens, device=device, dtype=dtype)
    places = [rng.permutation(tokens) < length for length in lengths]
    return hidden, scores, torch.tensor(np.stack(places), device=device)


def expected_pool(hidden, scores, mask):
    """Softmax over the tokens of each sequence alone, as if there were no padding."""
    pooled, weights = hidden.new_zeros(len(hidden), hidden.shape[2]), torch.zeros_like(scores)
    for b in range(len(hidden)):
        tokens = [t for t in range(hidden.shape[1]) if mask[b, t]]
        powers = [math.exp(scores[b, t].item() - scores[b, tokens].max().item()) for t in tokens]
        for t, power in zip(tokens, powers, strict=True):
            weights[b, t] = power / sum(powers)
            pooled[b] += weights[b, t] * hidden[b, t]
    return pooled, weights


def pool_and_differentiate(kata, hidden, scores, mask, slopes):
    hidden.requires_grad_()
    scores.requires_grad_()
    pooled, weights = kata.attention_pool(hidden, scores, mask)
    loss = (pooled * slopes).sum() + weights.square().sum()
    return torch.autograd.grad(loss, [hidden, scores])


def pool_and_return_arguments(kata, hidden, scores, mask):
    pooled, weights = kata.attention_pool(hidden, scores, mask)
    pooled.fill_(7)
    weights.fill_(7)
    return hidden, scores, mask


def roll_out_and_return_the_layers(kata, attentions):
    kata.attention_rollout(attentions).fill_(7)
    return attentions


def random_attention(rng, layers, heads, tokens, *, device, dtype=torch.float64, batch=3):
    shape = (batch, heads, tokens, tokens)
    return [
        normal(rng, *shape, device=device, dtype=dtype).mul(2).softmax(-1) for _ in range(layers)
    ]


def expected_rollout(attentions):
    """Layer by layer, in NumPy, one example at a time."""
    rollouts = []
    for layers in zip(*[attention.double().cpu().numpy() for attention in attentions], strict=True):
        rollout = np.eye(layers[0].shape[-1])
        for heads in layers:
            mixed = heads.mean(0) + np.eye(len(rollout))
            rollout = np.matmul(mixed / mixed.sum(1)[:, None], rollout)
        rollouts.append(rollout)
    return torch.tensor(np.stack(rollouts)).to(attentions[0])


@part("Attention", points=1)
class TestAttention:
    def test_by_hand(self, kata, device):
        """Scores ln 1, ln 3 and padding give the weights 1/4, 3/4 and 0."""
        hidden = torch.tensor([[[4.0, 0.0], [8.0, -4.0], [99.0, 99.0]]], device=device)
        scores = torch.tensor([[0.0, math.log(3), 50.0]], device=device)
        mask = torch.tensor([[True, True, False]], device=device)
        expected = torch.tensor([[7.0, -3.0]]), torch.tensor([[0.25, 0.75, 0.0]])
        expected = tuple(tensor.to(device) for tensor in expected)
        assert_close(kata.attention_pool(hidden, scores, mask), expected)

    @DTYPES
    @pytest.mark.parametrize("lengths", [[5, 2, 1], [3], [4, 4, 0, 1], [0]])
    def test_as_if_there_were_no_padding(self, kata, rng, device, dtype, lengths):
        """Weights are the softmax over a sequence's tokens; a sequence without any gets zeros."""
        given = sequences(rng, lengths, 3, device=device, dtype=dtype)
        assert_close(kata.attention_pool(*given), expected_pool(*given))

    def test_padding_weighs_nothing_at_all(self, kata, rng, device):
        """At padding the weights are exactly 0."""
        hidden, scores, mask = sequences(rng, [5, 2, 0, 1], 3, device=device)
        got = kata.attention_pool(hidden, scores, mask)
        assert_close(got, expected_pool(hidden, scores, mask))
        assert_equal(torch.where(mask, 0, got[1]), torch.zeros_like(scores))

    @pytest.mark.parametrize("junk", [1e30, math.inf, -math.inf, math.nan])
    def test_whatever_stands_at_padding(self, kata, rng, device, junk):
        """What stands at padding does not matter, be it infinite or NaN."""
        hidden, scores, mask = sequences(rng, [4, 2, 0], 3, device=device)
        expected = expected_pool(hidden, scores, mask)
        hidden[~mask], scores[~mask] = junk, junk
        assert_close(kata.attention_pool(hidden, scores, mask), expected)

    def test_large_scores(self, kata, rng, device):
        """Scores of a thousand neither overflow nor vanish: only their differences count."""
        hidden, scores, mask = sequences(rng, [4, 3], 3, device=device)
        expected = expected_pool(hidden, scores, mask)
        shift = torch.tensor([[1000.0], [-1000.0]], dtype=torch.float64, device=device)
        assert_close(kata.attention_pool(hidden, scores + shift, mask), expected)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["f16", "bf16"])
    def test_half_precision(self, kata, rng, device, dtype):
        """Half precision works as well, and stays half precision."""
        hidden, scores, mask = sequences(rng, [5, 2, 0, 3], 4, device=device, dtype=dtype)
        expected = expected_pool(hidden.double(), scores.double(), mask)
        expected = tuple(tensor.to(dtype) for tensor in expected)
        assert_close(kata.attention_pool(hidden, scores, mask), expected, rtol=0.02)

    def test_gradients(self, kata, rng, device):
        """Gradients are finite, 0 at padding, and those of a softmax over the tokens."""
        hidden, scores, mask = sequences(rng, [4, 0, 2], 3, device=device)
        slopes = normal(rng, 3, 3, device=device)
        leaves = hidden.clone().requires_grad_(), scores.clone().requires_grad_()
        loss = hidden.new_zeros(())
        for b in (0, 2):
            weights = leaves[1][b][mask[b]].softmax(0)
            loss = loss + (weights @ leaves[0][b][mask[b]]) @ slopes[b] + weights.square().sum()
        expected = torch.autograd.grad(loss, leaves)
        got = kata.run(pool_and_differentiate, hidden, scores, mask, slopes)
        assert_close(got, expected)

    def test_empty_batches(self, kata, rng, device):
        """A batch may be empty, and so may a sequence."""
        hidden, scores, mask = sequences(rng, [3, 2], 4, device=device)
        got = kata.attention_pool(hidden[:0], scores[:0], mask[:0])
        assert_close(got, (hidden[:0, 0], scores[:0]))
        got = kata.attention_pool(hidden[:, :0], scores[:, :0], mask[:, :0])
        assert_close(got, (0 * hidden[:, 0], scores[:, :0]), atol=0)

    def test_pooling_leaves_its_arguments_alone(self, kata, rng, device):
        """Writing to what was returned does not change what came in, without padding either."""
        given = sequences(rng, [3, 2], 4, device=device)
        assert_equal(kata.run(pool_and_return_arguments, *given), given)
        given = (*given[:2], torch.ones_like(given[2]))
        assert_equal(kata.run(pool_and_return_arguments, *given), given)

    @pytest.mark.parametrize("name", ["scores", "mask"])
    @pytest.mark.parametrize("shape", [(3, 4), (2, 5), (1, 4), (2, 1), (2, 4, 1), (4,)])
    def test_pooling_refuses(self, kata, rng, device, name, shape):
        """Scores or a mask of another shape are a ValueError with the name and the shape."""
        given = {"hidden": normal(rng, 2, 4, 3, device=device)}
        given |= {"scores": normal(rng, 2, 4, device=device)}
        given |= {"mask": torch.ones(2, 4, dtype=torch.bool, device=device)}
        with refuses(name, shape):
            kata.attention_pool(**given | {name: torch.ones(shape, device=device).to(given[name])})

    def test_rollout_by_hand(self, kata, device):
        """Two layers of [[0.5, 0.5], [0.2, 0.8]] give [[0.5875, 0.4125], [0.165, 0.835]]."""
        layer = torch.tensor([[[[0.5, 0.5], [0.2, 0.8]]]], dtype=torch.float64, device=device)
        expected = [[[0.5875, 0.4125], [0.165, 0.835]]]
        expected = torch.tensor(expected, dtype=torch.float64, device=device)
        assert_close(kata.attention_rollout([layer, layer]), expected)

    @DTYPES
    @pytest.mark.parametrize(("layers", "heads", "tokens"), [(1, 3, 4), (2, 1, 3), (4, 2, 5)])
    def test_rollout(self, kata, rng, device, dtype, layers, heads, tokens):
        """Mean of the heads plus identity, rows normalised; later layers multiply from the left."""
        attentions = random_attention(rng, layers, heads, tokens, device=device, dtype=dtype)
        assert_close(kata.attention_rollout(attentions), expected_rollout(attentions))

    def test_rollout_of_rows_that_do_not_add_up(self, kata, rng, device):
        """Rows are divided by their own sum, with rows of zeros for padding too."""
        attentions = random_attention(rng, 3, 2, 4, device=device)
        attentions = [attention * (0.3 + i) for i, attention in enumerate(attentions)]
        attentions[1][:, :, 2] = 0
        got = kata.attention_rollout(attentions)
        assert_close(got, expected_rollout(attentions))
        assert_close(got.sum(-1), torch.ones(3, 4, dtype=torch.float64, device=device))

    def test_rollout_leaves_its_arguments_alone(self, kata, rng, device):
        """The layers' attention is not written to, nor is it the result."""
        attentions = random_attention(rng, 2, 1, 3, device=device)
        assert_equal(kata.run(roll_out_and_return_the_layers, attentions), attentions)
        assert_equal(kata.run(roll_out_and_return_the_layers, attentions[:1]), attentions[:1])

    def test_rollout_refuses(self, kata):
        """No layers are a ValueError that holds `attentions` and their number, 0."""
        with refuses("attentions", 0):
            kata.attention_rollout([])


# -- Part 8 -----------------------------------------------------------------------------------


def holds(rule, row):
    """Whether a rule's bounds hold for one row, as a list of numbers."""
    return all(low < row[feature] <= high for feature, (low, high) in rule["bounds"].items())


def assert_rules(got, x, labels, max_depth):
    """Judge rules by their own definition: form, partition of the rows, and counts."""
    assert isinstance(got, list), f"expected a list of rules, got {type(got).__name__}"
    for rule in got:
        assert isinstance(rule, dict), (
            f"expected every rule to be a dict, got {type(rule).__name__}"
        )
        assert set(rule) == {"bounds", "label", "support", "fidelity"}, f"keys are {sorted(rule)}"
        bounds = rule["bounds"]
        assert isinstance(bounds, dict), f"expected bounds in a dict, got {type(bounds).__name__}"
        assert len(bounds) <= max_depth, f"{len(bounds)} features from {max_depth} splits"
        for feature, interval in bounds.items():
            assert type(feature) is int, f"a feature is {feature!r}, expected its index"
            assert isinstance(interval, tuple), f"bounds are {interval!r}, expected (low, high)"
            assert [type(end) for end in interval] == [float] * 2, f"bounds are {interval!r}"
            assert interval[0] < interval[1], f"bounds are {interval!r}, which nothing satisfies"
            assert interval != (-math.inf, math.inf), "a feature without bounds is to be left out"
    assert len(got) <= 2**max_depth, f"{len(got)} rules from {max_depth} splits"
    rows, found = x.tolist(), labels.tolist()
    covered = [[i for i, row in enumerate(rows) if holds(rule, row)] for rule in got]
    together = sorted(itertools.chain.from_iterable(covered))
    assert together == list(range(len(rows))), "expected exactly one rule to hold for every row"
    for rule, indices in zip(got, covered, strict=True):
        classes = [found[i] for i in indices]
        assert classes, f"the rule {rule} covers no row"
        most = min(set(classes), key=lambda c: (-classes.count(c), c))
        share = classes.count(most) / len(classes)
        expected = {"label": most, "support": len(classes), "fidelity": share}
        assert_close({key: rule[key] for key in expected}, expected)


def gini(labels):
    return 1 - sum((labels.count(c) / len(labels)) ** 2 for c in set(labels))


def least_impurity(x, labels):
    """The least mean impurity of both sides that any split reaches, by trying them all."""
    best = math.inf
    for feature in range(x.shape[1]):
        values = sorted(set(x[:, feature].tolist()))
        for low in values[:-1]:
            sides = [[], []]
            for value, label in zip(x[:, feature].tolist(), labels.tolist(), strict=True):
                sides[value > low].append(label)
            best = min(best, sum(len(s) * gini(s) for s in sides) / len(x))
    return best


def planted(rows):
    """Three classes, cut out by two thresholds of features 2 and 0."""
    first, third = rows[:, 0] > 0.7, rows[:, 2] > 0.5
    return torch.where(third, 1 + first.long(), 0)


def make_and_return_arguments(kata, predict, x):
    rules = kata.surrogate_rules(predict, x, 3)
    kata.fidelity(predict, rules, x)
    return x


def delete_and_return_arguments(kata, predict, *tensors):
    kata.deletion_curve(predict, *tensors)
    return tensors


@part("Faithfulness", points=2)
class TestFaithfulness:
    def test_rules_by_hand(self, kata, device):
        """Thresholds lie midway between neighbouring values; a feature has one pair of bounds."""
        x = torch.tensor(
            [[1.0, 9.0], [2.0, 8.0], [4.0, 9.0], [5.0, 7.0], [9.0, 8.0]], device=device
        )
        labels = torch.tensor([0, 0, 2, 2, 0], device=device)

        def predict(rows):
            return labels[torch.cdist(rows, x).argmin(1)]

        got = kata.surrogate_rules(predict, x, 2)
        assert_rules(got, x, labels, 2)
        expected = {
            ((0, (-math.inf, 3.0)),): (0, 2, 1.0),
            ((0, (3.0, 7.0)),): (2, 2, 1.0),
            ((0, (7.0, math.inf)),): (0, 1, 1.0),
        }
        found = {
            tuple(rule["bounds"].items()): (rule["label"], rule["support"], rule["fidelity"])
            for rule in got
        }
        assert_close(found, expected)

    @DTYPES
    def test_planted_rules(self, kata, rng, device, dtype):
        """Rules that the model really follows are found, with thresholds in the right gaps."""
        x = torch.tensor(rng.uniform(size=(300, 4)), dtype=dtype, device=device)
        labels = planted(x)
        got = kata.surrogate_rules(planted, x, 2)
        assert_rules(got, x, labels, 2)
        found = sorted(got, key=lambda rule: rule["label"])
        assert_equal([rule["label"] for rule in found], [0, 1, 2])
        assert_equal([sorted(rule["bounds"]) for rule in found], [[2], [0, 2], [0, 2]])
        edges = {2: found[0]["bounds"][2][1], 0: found[1]["bounds"][0][1]}
        assert_equal([rule["bounds"][2][0] for rule in found[1:]], [edges[2]] * 2)
        assert_equal(found[2]["bounds"][0][0], edges[0])
        for feature, cut, rows in ((2, 0.5, x), (0, 0.7, x[labels > 0])):
            values = rows[:, feature].double()
            gap = values[values <= cut].max().item(), values[values > cut].min().item()
            assert_close(edges[feature], sum(gap) / 2, rtol=1e-6)

    @pytest.mark.parametrize("classes", [2, 4])
    def test_first_split_is_the_purest(self, kata, rng, device, classes):
        """With one split, no other threshold of any feature leaves less Gini impurity."""
        x = normal(rng, 40, 3, device=device)
        slopes = normal(rng, 3, classes, device=device)

        def predict(rows):
            return (rows @ slopes).argmax(1)

        labels = predict(x)
        got = kata.surrogate_rules(predict, x, 1)
        assert_rules(got, x, labels, 1)
        impurity = 0.0
        for rule in got:
            classes = [
                c for c, row in zip(labels.tolist(), x.tolist(), strict=True) if holds(rule, row)
            ]
            impurity += len(classes) / 40 * gini(classes)
        assert_close(impurity, least_impurity(x, labels), atol=1e-12)

    @pytest.mark.parametrize("max_depth", [2, 3, 5])
    def test_rules_describe_the_rows(self, kata, rng, device, max_depth):
        """One rule holds for each row; its label, support and fidelity are those of its rows."""
        x = torch.tensor(rng.integers(0, 6, size=(80, 4)), dtype=torch.float64, device=device)
        slopes = normal(rng, 4, 3, device=device)

        def predict(rows):
            return (rows @ slopes).argmax(1)

        assert_rules(kata.surrogate_rules(predict, x, max_depth), x, predict(x), max_depth)

    def test_without_a_split(self, kata, rng, device):
        """No depth, one class, one row or equal rows: a single rule without bounds."""
        x = normal(rng, 6, 3, device=device)
        labels = torch.tensor([2, 1, 1, 2, 0, 0], device=device)

        def mixed(rows):
            return labels[torch.cdist(rows, x).argmin(1)]

        def constant(rows):
            return torch.full((len(rows),), 3, device=rows.device)

        def rule(label, fidelity):
            return [{"bounds": {}, "label": label, "support": 6, "fidelity": fidelity}]

        assert_close(kata.surrogate_rules(mixed, x, 0), rule(0, 1 / 3))
        assert_close(kata.surrogate_rules(constant, x, 4), rule(3, 1.0))
        assert_close(kata.surrogate_rules(constant, 0 * x + 1.5, 4), rule(3, 1.0))
        got = kata.surrogate_rules(constant, x[:1], 2)
        assert_close(got, [rule(3, 1.0)[0] | {"support": 1}])

    def test_a_split_that_does_not_help_yet(self, kata, device):
        """An exclusive or is found, though its first split leaves as much impurity as before."""
        x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], device=device)

        def predict(rows):
            return (rows[:, 0] != rows[:, 1]).long()

        got = kata.surrogate_rules(predict, x, 2)
        assert_rules(got, x, predict(x), 2)
        assert_equal([rule["fidelity"] for rule in got], [1.0] * 4)

    @pytest.mark.parametrize("place", [10000.0, 9999.9990234375])
    def test_neighbours_in_single_precision(self, kata, device, place):
        """Between two float32 numbers that have none between them lies a threshold in float64."""
        low = torch.tensor(place, dtype=torch.float32, device=device)
        high = torch.nextafter(low, 2 * low)
        x = torch.stack([low, high, low, high])[:, None]

        def predict(rows):
            return (rows[:, 0] > low).long()

        got = kata.surrogate_rules(predict, x, 1)
        assert_rules(got, x, predict(x), 1)
        assert_equal([rule["support"] for rule in got], [2, 2])
        middle = (low.item() + high.item()) / 2
        rules = [{"bounds": {0: (-math.inf, middle)}, "label": 0}, {"bounds": {}, "label": 1}]
        assert_close(kata.fidelity(predict, rules, x), 1.0)

    def test_fidelity(self, kata, device):
        """Fidelity is the share of rows whose first matching rule says what the model says."""
        x = torch.tensor(
            [[1.0, 0.0], [2.0, 5.0], [3.0, 0.0], [4.0, 5.0], [8.0, 1.0]], device=device
        )
        labels = torch.tensor([1, 2, 2, 0, 0], device=device)

        def predict(rows):
            return labels[torch.cdist(rows, x).argmin(1)]

        rules = [
            {"bounds": {0: (-math.inf, 2.0)}, "label": 1},  # rows 0 and 1: right, wrong
            {"bounds": {0: (1.0, 4.0), 1: (-1.0, 5.0)}, "label": 2},  # rows 2 and 3: right, wrong
        ]
        assert_close(kata.fidelity(predict, rules, x), 2 / 5)  # no rule for row 4, of class 0
        assert_close(kata.fidelity(predict, rules[::-1], x), 3 / 5)
        assert_close(kata.fidelity(predict, [{"bounds": {}, "label": 0}], x), 2 / 5)
        assert_close(kata.fidelity(predict, [*rules, {"bounds": {}, "label": 0}], x[3:]), 1 / 2)
        assert_close(kata.fidelity(predict, [], x), 0.0)

    def test_breast_cancer(self, kata, rng, device):
        """Three splits imitate a classifier of tumours, on new ones too."""
        # Over 200 seeds 0.92 or more on those that were kept back.
        features, diagnoses = breast_cancer()
        centres = np.stack([features[diagnoses == c].mean(0) for c in (0, 1)])
        centres = torch.tensor(centres, device=device)
        x = torch.tensor(features[rng.permutation(len(features))], device=device)

        def predict(rows):
            return torch.cdist(rows, centres).argmin(1)

        rules = kata.surrogate_rules(predict, x[:400], 3)
        assert_rules(rules, x[:400], predict(x[:400]), 3)
        own = sum(rule["support"] * rule["fidelity"] for rule in rules) / 400
        assert_close(kata.fidelity(predict, rules, x[:400]), own)
        assert_between(kata.fidelity(predict, rules, x[400:]), 0.8, 1)

    def test_rules_leave_their_arguments_alone(self, kata, rng, device):
        """The examples are not written to."""
        x = torch.tensor(rng.uniform(size=(30, 4)), device=device)
        assert_equal(kata.run(make_and_return_arguments, planted, x), x)

    def test_rules_refuse(self, kata, rng, device):
        """A negative depth and no rows are a ValueError with the argument's name and value."""
        x = torch.tensor(rng.uniform(size=(30, 4)), device=device)
        for depth in (-1, -4):
            with refuses("max_depth", depth):
                kata.surrogate_rules(planted, x, depth)
        with refuses("x", (0, 4)):
            kata.surrogate_rules(planted, x[:0], 2)
        with refuses("x", (0, 4)):
            kata.fidelity(planted, [{"bounds": {}, "label": 1}], x[:0])

    def test_deletion_by_hand(self, kata, device):
        """The largest attribution goes first, a negative one last; entry `k` is after `k` steps."""
        slopes = torch.tensor([1.0, 10.0, 100.0, 1000.0], device=device)
        x = torch.tensor([2.0, 3.0, 4.0, 5.0], device=device)
        attributions = torch.tensor([0.2, -9.0, 0.5, 0.1], device=device)
        baseline = torch.tensor([1.0, 1.0, 0.0, -1.0], device=device)
        got = kata.deletion_curve(lambda r: r @ slopes, x, attributions, baseline)
        expected = torch.tensor([5432.0, 5032.0, 5031.0, -969.0, -989.0], device=device)
        assert_close(got, expected)

    @DTYPES
    @pytest.mark.parametrize("features", [1, 5, 9])
    def test_deletion(self, kata, rng, device, dtype, features):
        """Entry `k` is the prediction with the `k` most important features at their baseline."""
        given = problem(rng, features, 2, device=device, dtype=dtype)
        baseline, attributions = given.pop("background")
        order = attributions.argsort(descending=True, stable=True).tolist()
        rows = [given["x"].clone() for _ in range(features + 1)]
        for k in range(features):
            for row in rows[k + 1 :]:
                row[order[k]] = baseline[order[k]]
        expected = given["predict"](torch.stack(rows).double()).to(dtype)
        got = kata.deletion_curve(**given, attributions=attributions, baseline=baseline)
        assert_close(got, expected)

    def test_deletion_of_equals(self, kata, device):
        """Of equal attributions the lower index goes first."""
        x = torch.tensor(2.0 ** np.arange(40), device=device)
        attributions = torch.tensor([0.5, 0.0] * 20, device=device)
        got = kata.deletion_curve(lambda r: r.sum(1), x, attributions, 0 * x)
        order = [*range(0, 40, 2), *range(1, 40, 2)]
        gone = np.cumsum([0, *(2.0 ** np.array(order))])
        assert_equal(got, torch.tensor(2.0**40 - 1 - gone, device=device))

    def test_deletion_leaves_its_arguments_alone(self, kata, rng, device):
        """Neither the example nor the attributions nor the baseline are written to."""
        given = problem(rng, 4, 2, device=device)
        tensors = given["x"], *given["background"]
        got = kata.run(delete_and_return_arguments, given["predict"], *tensors)
        assert_equal(got, tensors)

    @pytest.mark.parametrize("name", ["attributions", "baseline"])
    @pytest.mark.parametrize("shape", [(3,), (1,), (), (1, 4)])
    def test_deletion_refuses(self, kata, rng, device, name, shape):
        """Attributions or a baseline of another shape are a ValueError with name and shape."""
        given = problem(rng, 4, 2, device=device)
        baseline, attributions = given.pop("background")
        given |= {"baseline": baseline, "attributions": attributions}
        with refuses(name, shape):
            kata.deletion_curve(**given | {name: normal(rng, *shape, device=device)})
