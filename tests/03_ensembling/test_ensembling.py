"""Ensembling: what is asked, part by part.

Votes are judged against loops over plain numbers, weights and logistic models by the conditions
that only a minimum meets, folds and samples by what they must contain, crowd labels against a
dense version in NumPy and the figures of Dawid and Skene's own data.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier
from torch.nn import functional

from grader.testing import assert_between, assert_close, assert_equal, assert_tensor, part

DTYPES = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
F64 = torch.float64


def normal(rng, *shape, device, dtype=F64):
    return torch.tensor(rng.normal(size=shape), dtype=dtype, device=device)


def integers(rng, low, high, *shape, device):
    return torch.tensor(rng.integers(low, high, size=shape), dtype=torch.int64, device=device)


def table(values, device, dtype=F64):
    return torch.tensor(values, dtype=dtype, device=device)


def ids(values, device):
    return torch.tensor(values, dtype=torch.int64, device=device)


def random_members(rng, members, rows, classes, *, device, dtype=F64):
    """Probabilities of members that know the targets more or less well, and the targets."""
    targets = integers(rng, 0, classes, rows, device=device)
    skill = table(rng.uniform(0.2, 2.5, size=(members, 1, 1)), device)
    truth = functional.one_hot(targets, classes)
    logits = normal(rng, members, rows, classes, device=device) + skill * truth
    return logits.softmax(2).to(dtype), targets


def generator(rng, device):
    return torch.Generator(device).manual_seed(int(rng.integers(2**31)))


def refuses(name, value):
    """Expect a ValueError whose message holds the argument's name and the value."""
    pattern = rf"(?s)(?=.*\b{name}\b).*{re.escape(str(value))}"
    return pytest.raises(ValueError, match=pattern)


def assert_untouched(kata, name, *args):
    """Neither the call nor writing to its results changes a tensor among the arguments."""
    __tracebackhide__ = True
    got = kata.run(tensors_after, name, *args)
    assert_equal(got, [a for a in args if isinstance(a, torch.Tensor)])


@pytest.fixture(scope="module")
def digits():
    """1797 scanned digits."""
    return load_digits(return_X_y=True)


# -- probes: they run beside the submission ---------------------------------------------------


def tensors_after(kata, name, *args):
    """The tensors among the arguments after a call whose results are then overwritten."""
    results = getattr(kata, name)(*args)
    results = results.values() if isinstance(results, dict) else results
    for result in [results] if isinstance(results, torch.Tensor) else results:
        result.fill_(1)
    return [a for a in args if isinstance(a, torch.Tensor)]


def global_randomness_around(kata, name, *args):
    torch.rand(1)  # moves on from where an earlier call may have put the state
    before = torch.get_rng_state()
    getattr(kata, name)(*args)
    return before, torch.get_rng_state()


def several_draws(kata, times, name, *args):
    return [getattr(kata, name)(*args) for _ in range(times)]


# -- models: they run beside the submission too -----------------------------------------------


def fingerprint(x, y, x_new):
    """Per new row: itself, how many rows were trained on, and what they add up to, in order."""
    place = torch.arange(1, len(y) + 1, device=y.device)
    told = torch.stack([x.sum(), (y * place).sum().to(x.dtype), place.sum().to(x.dtype)])
    return torch.cat([x_new.flatten(1), told.expand(len(x_new), 3)], 1)


def centroids(x, y, x_new):
    """Probabilities of three classes by the distance to their means."""
    means = torch.stack([x[y == c].mean(0) for c in range(3)])
    return (-torch.cdist(x_new, means)).softmax(1)


def nearest(x, y, x_new):
    """Probabilities of three classes: nearly all for that of the nearest row."""
    closest = torch.cdist(x_new, x).argmin(1)
    return torch.eye(3, dtype=x.dtype, device=x.device)[y[closest]] * 0.91 + 0.03


def memory(x, y, x_new):
    """Certain about rows that were trained on, and without opinion about all others."""
    known = (x_new[:, None] == x[None]).all(2)
    answers = known.to(x.dtype) @ torch.eye(3, dtype=x.dtype, device=x.device)[y]
    return torch.where(known.any(1, keepdim=True), answers, 1 / 3)


# -- Part 1 -----------------------------------------------------------------------------------


def expected_winners(labels, num_classes, weights=None):
    """The lowest of the classes with the most votes, by a loop over exact numbers."""
    weights = [1] * len(labels) if weights is None else weights.tolist()
    winners = []
    for votes in labels.T.tolist():
        counts = Counter()
        for label, weight in zip(votes, weights, strict=True):
            counts[label] += weight
        winners.append(max(range(num_classes), key=lambda c: (counts[c], -c)))
    return ids(winners, labels.device)


@part("Hard vote", points=1)
class TestHardVote:
    def test_by_hand(self, kata, device):
        """The class with the most votes wins, row by row."""
        labels = ids([[0, 2, 1, 3], [1, 2, 1, 3], [1, 0, 2, 0]], device)
        assert_equal(kata.hard_vote(labels, 4), ids([1, 2, 1, 3], device))

    @pytest.mark.parametrize(
        ("members", "rows", "classes"), [(3, 40, 5), (8, 25, 3), (30, 50, 10), (2, 9, 4)]
    )
    def test_counts_votes(self, kata, rng, device, members, rows, classes):
        """Every member has one vote; of equally many votes the lowest class wins."""
        labels = integers(rng, 0, classes, members, rows, device=device)
        assert_equal(kata.hard_vote(labels, classes), expected_winners(labels, classes))

    def test_ties(self, kata, device):
        """Of equally many votes the lowest class wins, whoever votes first."""
        labels = ids([[2, 3, 1, 3], [0, 1, 2, 3], [0, 3, 2, 0], [2, 1, 1, 0]], device)
        assert_equal(kata.hard_vote(labels, 4), ids([0, 1, 1, 0], device))

    def test_classes_are_names(self, kata, device):
        """A class that nobody voted for cannot win: between 0 and 2 there is no compromise."""
        labels = ids([[0, 4, 0], [2, 0, 4], [2, 4, 0], [0, 0, 4]], device)
        assert_equal(kata.hard_vote(labels, 5), ids([0, 0, 0], device))
        assert_equal(kata.hard_vote(labels[1:3], 5), ids([2, 0, 0], device))

    @pytest.mark.parametrize("dtype", [F64, torch.float32, torch.int64, torch.int32])
    def test_weighted_votes(self, kata, rng, device, dtype):
        """A member's weight is the number of its votes; weights may be of any dtype."""
        labels = integers(rng, 0, 4, 7, 60, device=device)
        weights = table([3, 1, 4, 0, 5, 2, 6], device, dtype)
        expected = expected_winners(labels, 4, weights)
        assert_equal(kata.hard_vote(labels, 4, weights), expected)
        assert_equal(
            kata.hard_vote(labels, 4, weights=weights.flip(0)),
            expected_winners(labels, 4, weights.flip(0)),
        )

    def test_fractions_of_votes(self, kata, device):
        """Weights need not be whole numbers, nor sum to 1; equal sums are a tie."""
        labels = ids([[1, 0, 2], [0, 1, 1], [0, 1, 1]], device)
        weights = table([0.75, 0.25, 0.25], device)
        assert_equal(kata.hard_vote(labels, 3, weights), ids([1, 0, 2], device))
        weights = table([0.5, 0.25, 0.25], device)
        assert_equal(kata.hard_vote(labels, 3, weights), ids([0, 0, 1], device))
        weights = table([0.375, 0.25, 0.25], device)
        assert_equal(kata.hard_vote(labels, 3, weights), ids([0, 1, 1], device))

    def test_large_weights(self, kata, device):
        """Votes are added in float64: one vote in a billion decides."""
        labels = ids([[2, 0], [1, 1]], device)
        weights = ids([2**30 + 1, 2**30], device)
        assert_equal(kata.hard_vote(labels, 3, weights), ids([2, 0], device))

    def test_smallest_votes(self, kata, rng, device):
        """There may be one member, one class, one row, or no row at all."""
        labels = integers(rng, 0, 4, 1, 6, device=device)
        assert_equal(kata.hard_vote(labels, 4), labels[0])
        assert_equal(kata.hard_vote(labels[:, :1], 4, table([0.3], device)), labels[0, :1])
        assert_equal(kata.hard_vote(0 * labels, 1), 0 * labels[0])
        assert_equal(kata.hard_vote(labels[:, :0], 4), labels[0, :0])

    def test_other_layouts(self, kata, rng, device):
        """Labels may lie in memory in any order."""
        labels = integers(rng, 0, 4, 30, 7, device=device)
        assert_equal(kata.hard_vote(labels.T, 4), expected_winners(labels.T, 4))

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Neither voting nor writing to the winners changes what came in."""
        for members in (1, 5):
            labels = integers(rng, 0, 4, members, 6, device=device)
            weights = normal(rng, members, device=device).abs() + 0.1
            for args in [(labels, 4), (labels, 4, weights)]:
                assert_untouched(kata, "hard_vote", *args)

    @pytest.mark.parametrize("shape", [(4,), (0, 4), (2, 3, 4)])
    def test_refuses_a_shape(self, kata, device, shape):
        """Labels that are not (members, rows), or of nobody, are a ValueError with the shape."""
        with refuses("labels", shape):
            kata.hard_vote(torch.zeros(shape, dtype=torch.int64, device=device), 4)

    @pytest.mark.parametrize("value", [-1, 4, 7])
    def test_refuses_labels(self, kata, rng, device, value):
        """A label that is no class is a ValueError with `labels` and the label."""
        labels = integers(rng, 0, 3, 3, 5, device=device)
        labels[1, 2] = value
        with refuses("labels", value):
            kata.hard_vote(labels, 4)

    @pytest.mark.parametrize("value", [0, -2])
    def test_refuses_no_classes(self, kata, device, value):
        """Fewer classes than 1 are a ValueError with `num_classes` and the number."""
        with refuses("num_classes", value):
            kata.hard_vote(torch.zeros(2, 0, dtype=torch.int64, device=device), value)

    @pytest.mark.parametrize("shape", [(2,), (4,), (1,), (3, 1), ()])
    def test_refuses_another_number_of_weights(self, kata, device, shape):
        """Weights of another shape than (members,) are a ValueError with that shape."""
        with refuses("weights", shape):
            kata.hard_vote(ids([[0], [1], [1]], device), 2, torch.ones(shape, device=device))

    @pytest.mark.parametrize("value", [-0.25, math.nan, math.inf])
    def test_refuses_weights(self, kata, device, value):
        """A weight below 0 or not finite is a ValueError with `weights` and the weight."""
        with refuses("weights", value):
            kata.hard_vote(ids([[0], [1], [1]], device), 2, table([0.5, value, 0.7], device))

    def test_refuses_no_votes(self, kata, device):
        """Weights that are all 0 are a ValueError with `weights` and `0.0`."""
        with refuses("weights", 0.0):
            kata.hard_vote(ids([[0], [1]], device), 2, table([0.0, 0.0], device))


# -- Part 2 -----------------------------------------------------------------------------------


def expected_mean(probabilities, weights):
    """The weighted mean in float64, member by member."""
    total = sum(weights)
    mean = sum(w / total * p.double() for w, p in zip(weights, probabilities, strict=True))
    return mean.to(probabilities.dtype)


@part("Soft vote", points=1)
class TestSoftVote:
    def test_by_hand(self, kata, device):
        """Weights are divided by their sum: with 2 and 1 the first member counts two thirds."""
        members = table([[[0.9, 0.1], [0.3, 0.7]], [[0.3, 0.7], [0.6, 0.4]]], device)
        assert_close(kata.soft_vote(members), table([[0.6, 0.4], [0.45, 0.55]], device))
        got = kata.soft_vote(members, table([2.0, 1.0], device))
        assert_close(got, table([[0.7, 0.3], [0.4, 0.6]], device))

    def test_the_certain_are_heard(self, kata, device):
        """Probabilities are averaged, not the classes that win in them."""
        members = table([[[0.55, 0.45]], [[0.51, 0.49]], [[0.05, 0.95]]], device)
        assert_close(kata.soft_vote(members), table([[0.37, 0.63]], device))

    @DTYPES
    @pytest.mark.parametrize("shape", [(4, 30, 5), (9, 7, 3), (2, 50, 2)])
    def test_weighted_means(self, kata, rng, device, dtype, shape):
        """The result is the weighted mean, in the dtype of the probabilities."""
        probabilities, _ = random_members(rng, *shape, device=device, dtype=dtype)
        weights = rng.uniform(0.2, 3, size=shape[0]).tolist()
        expected = expected_mean(probabilities, weights)
        assert_close(kata.soft_vote(probabilities, table(weights, device)), expected)
        expected = expected_mean(probabilities, [1] * shape[0])
        assert_close(kata.soft_vote(probabilities), expected)

    @DTYPES
    @pytest.mark.parametrize("scale", [1e-60, 1e-9, 40.0, 1e60])
    def test_any_scale(self, kata, rng, device, dtype, scale):
        """Only the ratios of weights matter, however small or large they are."""
        probabilities, _ = random_members(rng, 3, 8, 4, device=device, dtype=dtype)
        expected = expected_mean(probabilities, [3, 1, 2])
        got = kata.soft_vote(probabilities, scale * table([3.0, 1.0, 2.0], device))
        assert_close(got, expected)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.uint8])
    def test_weights_of_any_dtype(self, kata, rng, device, dtype):
        """Weights may be of another dtype than the probabilities, 0 among them."""
        probabilities, _ = random_members(rng, 4, 8, 3, device=device)
        got = kata.soft_vote(probabilities, table([150, 0, 100, 200], device, dtype))
        assert_close(got, expected_mean(probabilities, [150, 0, 100, 200]))

    def test_smallest_votes(self, kata, rng, device):
        """There may be one member, one class, or no row at all."""
        probabilities, _ = random_members(rng, 1, 6, 3, device=device)
        assert_close(kata.soft_vote(probabilities, table([0.3], device)), probabilities[0])
        assert_close(kata.soft_vote(probabilities[:, :, :1]), probabilities[0, :, :1])
        assert_close(kata.soft_vote(probabilities[:, :0]), probabilities[0, :0])

    def test_other_layouts(self, kata, rng, device):
        """Probabilities may lie in memory in any order."""
        probabilities, _ = random_members(rng, 6, 5, 4, device=device)
        mixed = probabilities.permute(1, 2, 0)
        got = kata.soft_vote(mixed, table([1.0, 2, 3, 4, 5], device))
        assert_close(got, expected_mean(mixed, [1, 2, 3, 4, 5]))

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Neither averaging nor writing to the mean changes what came in."""
        for members in (1, 3):
            probabilities, _ = random_members(rng, members, 6, 3, device=device)
            weights = table(rng.uniform(1, 2, size=members), device)
            for args in [(probabilities,), (probabilities, weights)]:
                assert_untouched(kata, "soft_vote", *args)

    @pytest.mark.parametrize("shape", [(4, 3), (0, 4, 3), (2, 3, 4, 5)])
    def test_refuses_a_shape(self, kata, device, shape):
        """Probabilities that are not (members, rows, classes) are a ValueError with the shape."""
        with refuses("probabilities", shape):
            kata.soft_vote(torch.full(shape, 0.25, device=device))

    @pytest.mark.parametrize("shape", [(1,), (3,), (2, 1), ()])
    def test_refuses_another_number_of_weights(self, kata, device, shape):
        """Weights of another shape than (members,) are a ValueError with that shape."""
        with refuses("weights", shape):
            kata.soft_vote(torch.full((2, 4, 3), 1 / 3, device=device), torch.ones(shape))

    @pytest.mark.parametrize("value", [-2.0, math.nan, math.inf])
    def test_refuses_weights(self, kata, device, value):
        """A weight below 0 or not finite is a ValueError with `weights` and the weight."""
        members = torch.full((3, 4, 3), 1 / 3, device=device)
        with refuses("weights", value):
            kata.soft_vote(members, table([1.5, 2.5, value], device))

    def test_refuses_no_votes(self, kata, device):
        """Weights that are all 0 are a ValueError with `weights` and `0.0`."""
        with refuses("weights", 0.0):
            kata.soft_vote(torch.full((2, 4, 3), 1 / 3, device=device), table([0.0, 0], device))


# -- Part 3 -----------------------------------------------------------------------------------


def of_targets(probabilities, targets):
    """Probability that each member gives to the class of each row, in float64."""
    rows = torch.arange(len(targets), device=targets.device)
    return torch.stack([member[rows, targets] for member in probabilities.double()])


def assert_best(weights, probabilities, targets):
    """Judge weights by the condition that only a minimum meets, to one millionth of a nat.

    The loss is convex: it lies at most log(max gain) above the least, with `gain` as in the
    statement. No other weights are needed for the proof.
    """
    __tracebackhide__ = True
    shape, device = (len(probabilities),), targets.device
    assert_tensor(weights, shape=shape, dtype=probabilities.dtype, device=device)
    assert_between(weights, 0.0, 1.0)
    rounding = 1e-12 if weights.dtype == F64 else 1e-6
    assert_between(weights.double().sum().item(), 1 - rounding, 1 + rounding)
    given = of_targets(probabilities, targets)
    gain = (given / (weights.double() @ given)).mean(1).max().item()
    assert_between(math.log(gain), -2 * rounding, 1e-6 if weights.dtype == F64 else 1e-5)


@part("Best weights", points=1)
class TestBestWeights:
    @pytest.mark.parametrize(
        ("right", "expected"), [(50, 0.5), (60, 2 / 3), (35, 0.25), (80, 1), (93, 1), (11, 0)]
    )
    def test_by_hand(self, kata, device, right, expected):
        """If the first says 0.8 to a share f and 0.2 to the rest, its weight is (f - 0.2) / 0.6."""
        first = table([[0.8, 0.2]] * right + [[0.2, 0.8]] * (100 - right), device)
        members = torch.stack([first, 1 - first])
        targets = ids([0] * 100, device)
        got = kata.best_weights(members, targets)
        assert_best(got, members, targets)
        assert_close(got, table([expected, 1 - expected], device), atol=2e-3)

    @DTYPES
    @pytest.mark.parametrize("shape", [(2, 40, 3), (4, 150, 5), (7, 300, 2), (3, 20, 10)])
    def test_no_weights_are_better(self, kata, rng, device, dtype, shape):
        """The log-loss of the weighted mean is the least, to one millionth."""
        probabilities, targets = random_members(rng, *shape, device=device, dtype=dtype)
        assert_best(kata.best_weights(probabilities, targets), probabilities, targets)

    def test_a_member_that_knows(self, kata, rng, device):
        """A member that is better in every row takes all."""
        probabilities, targets = random_members(rng, 4, 60, 3, device=device)
        truth = functional.one_hot(targets, 3)
        probabilities = 0.8 * probabilities + 0.1 * (1 - truth)
        probabilities[2] = 0.01 + 0.97 * truth
        got = kata.best_weights(probabilities, targets)
        assert_best(got, probabilities, targets)
        assert_close(got, table([0.0, 0, 1, 0], device), atol=1e-4)

    def test_a_weak_member_that_differs(self, kata, device):
        """A member that is worse alone gets weight if it is right where others are wrong."""
        good = table([0.9] * 85 + [0.01] * 15, device)
        weak = table([0.3] * 85 + [0.6] * 15, device)
        members = torch.stack([torch.stack([q, 1 - q], 1) for q in (good, weak)])
        targets = ids([0] * 100, device)
        got = kata.best_weights(members, targets)
        assert_best(got, members, targets)
        assert_between(got[1].item(), 0.05, 0.95)

    def test_probabilities_of_zero(self, kata, rng, device):
        """A member may give 0 to the class of some rows, if another one does not."""
        probabilities, targets = random_members(rng, 3, 60, 3, device=device)
        rows = torch.arange(60)
        probabilities[0, rows[:20], targets[:20]] = 0
        probabilities[1, rows[20:40], targets[20:40]] = 0
        assert_best(kata.best_weights(probabilities, targets), probabilities, targets)
        probabilities[2, rows[:5], targets[:5]] = 0
        assert_best(kata.best_weights(probabilities, targets), probabilities, targets)

    def test_smallest_ensembles(self, kata, rng, device):
        """There may be one member, one row, or members that are all the same."""
        probabilities, targets = random_members(rng, 3, 30, 4, device=device)
        got = kata.best_weights(probabilities[:1], targets)
        assert_close(got, table([1.0], device))
        got = kata.best_weights(probabilities[:, :1], targets[:1])
        assert_best(got, probabilities[:, :1], targets[:1])
        same = probabilities[[1, 1, 1]]
        assert_best(kata.best_weights(same, targets), same, targets)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Neither weighing nor writing to the weights changes what came in."""
        assert_untouched(kata, "best_weights", *random_members(rng, 3, 30, 4, device=device))

    @pytest.mark.parametrize("shape", [(29,), (31,), (30, 1), (1,)])
    def test_refuses_another_number_of_targets(self, kata, rng, device, shape):
        """Targets of another shape than (rows,) are a ValueError with `targets` and that shape."""
        probabilities, _ = random_members(rng, 3, 30, 4, device=device)
        with refuses("targets", shape):
            kata.best_weights(probabilities, torch.ones(shape, dtype=torch.int64, device=device))

    @pytest.mark.parametrize("value", [-1, 4])
    def test_refuses_targets(self, kata, rng, device, value):
        """A target that is no class is a ValueError with `targets` and the target."""
        probabilities, targets = random_members(rng, 3, 30, 4, device=device)
        targets[3] = value
        with refuses("targets", value):
            kata.best_weights(probabilities, targets)

    def test_refuses_a_hopeless_row(self, kata, rng, device):
        """A row whose class all rule out is a ValueError with `probabilities` and the row."""
        probabilities, targets = random_members(rng, 3, 30, 4, device=device)
        probabilities[:, 17, targets[17]] = 0
        with refuses("probabilities", 17):
            kata.best_weights(probabilities, targets)


# -- Part 4 -----------------------------------------------------------------------------------


def assert_stratified(got, targets, folds):
    """Judge the sizes of the folds, in all and of each class."""
    __tracebackhide__ = True
    assert_tensor(got, shape=targets.shape, dtype=torch.int64, device=targets.device)
    assert_between(got, 0, folds - 1)
    sizes = torch.bincount(got, minlength=folds)
    assert_between((sizes.max() - sizes.min()).item(), 0, 1)
    for value in targets.unique():
        sizes = torch.bincount(got[targets == value], minlength=folds)
        assert_between((sizes.max() - sizes.min()).item(), 0, 1)


def expected_out_of_fold(fit_predict, x, y, folds):
    """Predictions row by row: for each row a model of its own."""
    rows = []
    for i in range(len(x)):
        others = [j for j in range(len(x)) if folds[j] != folds[i]]
        rows.append(fit_predict(x[others], y[others], x[[i]])[0])
    return torch.stack(rows)


def calls_of_out_of_fold(kata, x, y, folds):
    calls = []

    def record(x, y, x_new):
        calls.append((x.clone(), y.clone(), x_new.clone()))
        return x_new

    kata.out_of_fold(record, x, y, folds)
    return calls


def classes_of_shape(shape):
    """A model that predicts the sum of its training classes, in tensors of a given shape."""

    def model(x, y, x_new):
        sums = len(x) + y.sum() + x_new.long().flatten(1)[:, 0]
        return sums.reshape(-1, *[1] * len(shape)) + torch.arange(
            math.prod(shape), device=y.device
        ).reshape(shape)

    return model


@part("Out of fold", points=1)
class TestOutOfFold:
    @pytest.mark.parametrize(
        ("sizes", "folds"),
        [
            ((30, 30), 5),
            ((7, 11, 13), 3),
            ((50, 3, 2, 1), 4),
            ((5, 5, 5, 5, 5, 5), 4),
            ((1, 1, 1, 1, 1, 1, 1), 3),
            ((23,), 6),
            ((2, 2), 2),
        ],
    )
    def test_every_fold_has_its_share(self, kata, rng, device, sizes, folds):
        """Of every class, and in all, each fold has as many rows as any other, or one more."""
        targets = [c for c, size in enumerate(sizes) for _ in range(size)]
        targets = ids(rng.permutation(targets), device)
        got = kata.stratified_folds(targets, folds, generator(rng, device))
        assert_stratified(got, targets, folds)
        targets = targets.sort().values
        got = kata.stratified_folds(targets, folds, generator(rng, device))
        assert_stratified(got, targets, folds)

    def test_classes_of_any_number(self, kata, rng, device):
        """Classes may have any numbers, negative and huge ones too."""
        targets = ids([-5, 2**40, 7], device)[integers(rng, 0, 3, 50, device=device)]
        got = kata.stratified_folds(targets, 4, generator(rng, device))
        assert_stratified(got, targets, 4)

    def test_one_row_for_each_fold(self, kata, rng, device):
        """With as many folds as rows, every row has a fold of its own."""
        targets = integers(rng, 0, 3, 9, device=device)
        got = kata.stratified_folds(targets, 9, generator(rng, device))
        assert_tensor(got, shape=(9,), dtype=torch.int64, device=device)
        assert_equal(got.sort().values, torch.arange(9, device=device))

    def test_rows_are_dealt_at_random(self, kata, rng, device):
        """Two rows of a class share one of three folds as often as chance has it, 3 in 11."""
        # The share of 600 draws has a standard deviation of 0.018: 0.11 off is 6 of them,
        # which chance alone does twice in a billion runs.
        targets = ids([4] * 12, device)
        arguments = (600, "stratified_folds", targets, 3, generator(rng, device))
        draws = kata.run(several_draws, *arguments)
        assert_stratified(draws[0], targets, 3)
        draws = torch.stack(draws)
        for a, b in [(0, 1), (0, 3), (5, 6), (0, 11)]:
            together = (draws[:, a] == draws[:, b]).double().mean().item()
            assert_between(together, 3 / 11 - 0.11, 3 / 11 + 0.11)

    def test_randomness_is_the_generators(self, kata, rng, device):
        """The generator decides: the same state, the same folds; a second call, others."""
        targets = ids([0, 1] * 40, device)
        source = generator(rng, device)
        first, second = kata.run(several_draws, 2, "stratified_folds", targets, 4, source)
        assert_equal(kata.stratified_folds(targets, 4, source), first)
        # Two draws of 80 rows agree by chance once in 10**40 times.
        assert not torch.equal(first, second), "two calls with one generator gave the same folds"
        arguments = ("stratified_folds", targets, 4, source)
        before, after = kata.run(global_randomness_around, *arguments)
        assert_equal(after, before)

    @pytest.mark.parametrize("folds", [1, 0, -3, 11])
    def test_refuses_folds(self, kata, rng, device, folds):
        """Fewer folds than 2, or more than rows, are a ValueError with `folds` and the number."""
        with refuses("folds", folds):
            kata.stratified_folds(ids([0, 1] * 5, device), folds, generator(rng, device))

    @DTYPES
    @pytest.mark.parametrize(
        "folds", [(0, 1, 0, 1, 1, 0, 1), (2, 0, 1, 1, 0, 2, 2), (7, 3, -1, 3, 3, -1, 7), range(7)]
    )
    def test_nobody_has_seen_what_it_predicts(self, kata, rng, device, dtype, folds):
        """A row is predicted by a model of all rows but its fold's, and stands in its own place."""
        x = integers(rng, -9, 10, 7, 2, device=device).to(dtype)
        y = integers(rng, 1, 9, 7, device=device)
        folds = ids(list(folds), device)
        expected = expected_out_of_fold(fingerprint, x, y, folds)
        assert_close(kata.out_of_fold(fingerprint, x, y, folds), expected)

    def test_one_model_for_each_fold(self, kata, rng, device):
        """There is one call for each fold, lowest number first; rows keep their order."""
        x, y = normal(rng, 9, 2, 3, device=device), integers(rng, 0, 3, 9, device=device)
        folds = ids([5, 2, 8, 8, 2, 5, 5, 2, 8], device)
        expected = [(x[folds != k], y[folds != k], x[folds == k]) for k in (2, 5, 8)]
        assert_equal(kata.run(calls_of_out_of_fold, x, y, folds), expected)

    @pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
    def test_predictions_of_any_kind(self, kata, rng, device, shape):
        """A model may predict numbers or tensors of any shape and dtype for each row."""
        x, y = integers(rng, 0, 9, 8, 2, device=device), integers(rng, 0, 4, 8, device=device)
        folds = ids([0, 1, 2, 0, 1, 2, 2, 1], device)
        model = classes_of_shape(shape)
        expected = expected_out_of_fold(model, x, y, folds)
        assert_equal(kata.out_of_fold(model, x, y, folds), expected)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Neither function changes what came in."""
        x, y = normal(rng, 9, 2, device=device), integers(rng, 0, 3, 9, device=device)
        folds = ids([0, 1, 2] * 3, device)
        assert_untouched(kata, "out_of_fold", fingerprint, x, y, folds)
        assert_untouched(kata, "stratified_folds", y, 3, generator(rng, device))

    @pytest.mark.parametrize("shape", [(6,), (8,), (7, 1), (1,)])
    def test_refuses_another_number_of_folds(self, kata, rng, device, shape):
        """Folds of another shape than (rows,) are a ValueError with `folds` and that shape."""
        x, y = normal(rng, 7, 2, device=device), integers(rng, 0, 3, 7, device=device)
        folds = torch.arange(math.prod(shape), device=device).reshape(shape)
        with refuses("folds", shape):
            kata.out_of_fold(fingerprint, x, y, folds)

    @pytest.mark.parametrize("value", [0, 6])
    def test_refuses_a_single_fold(self, kata, rng, device, value):
        """One fold leaves nothing to train on: a ValueError with `folds` and its number."""
        x, y = normal(rng, 7, 2, device=device), integers(rng, 0, 3, 7, device=device)
        with refuses("folds", value):
            kata.out_of_fold(fingerprint, x, y, ids([value] * 7, device))


# -- Part 5 -----------------------------------------------------------------------------------


def assert_minimum(fitted, features, targets, num_classes, l2):
    """Judge a logistic model by the derivatives of what it minimises, in float64."""
    __tracebackhide__ = True
    assert isinstance(fitted, tuple), f"expected a pair (weight, bias), got {type(fitted).__name__}"
    assert len(fitted) == 2, f"expected a pair (weight, bias), got {len(fitted)} values"
    options = {"dtype": features.dtype, "device": features.device}
    assert_tensor(fitted[0], shape=(num_classes, features.shape[1]), **options)
    assert_tensor(fitted[1], shape=(num_classes,), **options)
    weight, bias = (tensor.double().requires_grad_() for tensor in fitted)
    logits = features.double() @ weight.T + bias
    loss = functional.cross_entropy(logits, targets) + l2 / 2 * weight.square().sum()
    slopes = torch.cat([g.flatten() for g in torch.autograd.grad(loss, (weight, bias))])
    bound = 1e-6 if features.dtype == F64 else 2e-5
    assert_between(slopes, -bound, bound)


def logistic_by_sklearn(features, targets, new, l2):
    """Probabilities of scikit-learn's logistic regression with the same minimum."""
    model = LogisticRegression(C=1 / (l2 * len(targets)), tol=1e-9, max_iter=5000)
    model.fit(features.cpu().double().numpy(), targets.cpu().numpy())
    found = model.predict_proba(new.cpu().double().numpy())
    return torch.tensor(found, device=new.device).to(new.dtype)


def expected_stack(models, x, y, x_new, folds, l2):
    seen = [expected_out_of_fold(model, x, y, folds) for model in models]
    new = [model(x, y, x_new) for model in models]
    return logistic_by_sklearn(torch.cat(seen, 1), y, torch.cat(new, 1), l2)


def three_clouds(rng, rows, *, device, dtype=F64):
    """Rows of three classes that overlap, every class in every two folds out of three."""
    y = ids(np.arange(rows) % 3, device)
    centres = table([[1.5, 0.0], [0.0, 1.5], [-1.0, -1.0]], device)
    x = centres[y] + normal(rng, rows, 2, device=device)
    return x.to(dtype), y, ids(np.arange(rows) // 3 % 3, device)


def bayes(x, y, x_new):
    model = GaussianNB(var_smoothing=1e-2).fit(x.numpy(), y.numpy())
    return torch.tensor(model.predict_proba(x_new.numpy()))


def tree(x, y, x_new):
    model = DecisionTreeClassifier(random_state=0).fit(x.numpy(), y.numpy())
    found = torch.zeros(len(x_new), 10, dtype=torch.float64)
    if len(x_new):
        found[:, model.classes_] = torch.tensor(model.predict_proba(x_new.numpy()))
    return found


def some_digits(digits, rng, known, new):
    pixels, labels = digits
    order = rng.permutation(len(labels))[: known + new]
    x, y = torch.tensor(pixels[order]), torch.tensor(labels[order])
    return x[:known], y[:known], x[known:], y[known:]


def accuracy(probabilities, targets):
    return (probabilities.argmax(1) == targets).double().mean().item()


@part("Stacking", points=2)
class TestStacking:
    @DTYPES
    @pytest.mark.parametrize("l2", [0.003, 0.1, 2.0])
    @pytest.mark.parametrize(("rows", "inputs", "classes"), [(40, 3, 3), (60, 6, 2), (25, 4, 5)])
    def test_reaches_the_minimum(self, kata, rng, device, dtype, l2, rows, inputs, classes):
        """At the fitted weights and biases no derivative of the penalised loss is left."""
        features = normal(rng, rows, inputs, device=device, dtype=dtype)
        targets = integers(rng, 0, classes, rows, device=device)
        got = kata.fit_logistic(features, targets, classes, l2)
        assert_minimum(got, features, targets, classes, l2)

    def test_agrees_with_sklearn(self, kata, rng, device):
        """The probabilities are those of scikit-learn's LogisticRegression with C = 1 / (l2 n)."""
        features, new = normal(rng, 50, 4, device=device), normal(rng, 8, 4, device=device)
        targets = ids(np.arange(50) % 3, device)
        features[:, 0] += targets
        got = kata.fit_logistic(features, targets, 3, 0.02)
        assert_minimum(got, features, targets, 3, 0.02)
        probabilities = (new @ got[0].T + got[1]).softmax(1)
        assert_close(probabilities, logistic_by_sklearn(features, targets, new, 0.02), rtol=1e-4)

    def test_separable_classes(self, kata, device):
        """The penalty keeps weights finite where a line separates the classes."""
        features = table([[-2.0, 1.0], [-1.0, 0.5], [1.0, 1.0], [3.0, 0.0]], device)
        targets = ids([0, 0, 1, 1], device)
        for l2 in (0.001, 0.5):
            got = kata.fit_logistic(features, targets, 2, l2)
            assert_minimum(got, features, targets, 2, l2)

    def test_features_that_say_nothing(self, kata, device):
        """Biases are free: constant features leave the classes' own frequencies."""
        features = torch.full((20, 2), 0.5, dtype=F64, device=device)
        targets = ids([0] * 12 + [1] * 6 + [2] * 2, device)
        got = kata.fit_logistic(features, targets, 3, 5.0)
        assert_minimum(got, features, targets, 3, 5.0)
        expected = table([0.6, 0.3, 0.1], device)
        assert_close((features[0] @ got[0].T + got[1]).softmax(0), expected, rtol=1e-4)
        assert_close(got[0], torch.zeros(3, 2, dtype=F64, device=device), atol=1e-5)

    def test_few_rows_and_classes(self, kata, rng, device):
        """There may be more features than rows, or a single class."""
        features = normal(rng, 4, 7, device=device)
        got = kata.fit_logistic(features, ids([0, 1, 2, 1], device), 3, 0.1)
        assert_minimum(got, features, ids([0, 1, 2, 1], device), 3, 0.1)
        got = kata.fit_logistic(features, ids([0] * 4, device), 1, 0.1)
        assert_minimum(got, features, ids([0] * 4, device), 1, 0.1)

    def test_classes_that_do_not_occur(self, kata, rng, device):
        """A class without rows gets a bias so low that no derivative is left."""
        features, targets = normal(rng, 12, 2, device=device), ids([0, 2, 3] * 4, device)
        got = kata.fit_logistic(features, targets, 5, 0.1)
        assert_minimum(got, features, targets, 5, 0.1)
        x, y, folds = three_clouds(rng, 30, device=device)
        expected = expected_stack([centroids], x, y, x[:6], folds, 0.1)
        expected = functional.pad(expected, (0, 1))
        assert_close(kata.stack([centroids], x, y, x[:6], folds, 4, 0.1), expected, rtol=1e-4)

    @pytest.mark.parametrize("value", [0.0, -0.1, math.nan, math.inf])
    def test_refuses_a_penalty(self, kata, rng, device, value):
        """A penalty that is not finite and above 0 is a ValueError with `l2` and its value."""
        with refuses("l2", value):
            kata.fit_logistic(
                normal(rng, 5, 2, device=device), ids([0, 1] * 2 + [0], device), 2, value
            )

    @DTYPES
    def test_stack(self, kata, rng, device, dtype):
        """Out-of-fold predictions train the logistic model; new rows see models of all rows."""
        x, y, folds = three_clouds(rng, 45, device=device, dtype=dtype)
        x_new = normal(rng, 12, 2, device=device, dtype=dtype)
        models = [centroids, nearest]
        expected = expected_stack(models, x, y, x_new, folds, 0.01)
        assert_close(kata.stack(models, x, y, x_new, folds, 3, 0.01), expected, rtol=1e-4)

    def test_default_penalty(self, kata, rng, device):
        """By default the penalty is 0.001; one base model is enough."""
        x, y, folds = three_clouds(rng, 45, device=device)
        x_new = normal(rng, 6, 2, device=device)
        expected = expected_stack([centroids], x, y, x_new, folds, 1e-3)
        assert_close(kata.stack([centroids], x, y, x_new, folds, 3), expected, rtol=1e-4)

    def test_what_was_learnt_by_heart_is_worth_nothing(self, kata, rng, device):
        """A base model that only remembers its rows leaves the classes' own frequencies."""
        x = normal(rng, 20, 2, device=device)
        y = ids(rng.permutation([0] * 10 + [1] * 6 + [2] * 4), device)
        folds = ids(rng.permutation(20) % 4, device)
        got = kata.stack([memory], x, y, x, folds, 3, 0.01)
        expected = table([0.5, 0.3, 0.2], device).expand(20, 3).contiguous()
        assert_close(got, expected, rtol=1e-4)

    def test_new_rows_of_any_number(self, kata, rng, device):
        """One new row is predicted like many."""
        x, y, folds = three_clouds(rng, 30, device=device)
        x_new = normal(rng, 5, 2, device=device)
        all_of_them = kata.stack([centroids, nearest], x, y, x_new, folds, 3, 0.1)
        assert_tensor(all_of_them, shape=(5, 3), dtype=F64, device=device)
        one = kata.stack([centroids, nearest], x, y, x_new[2:3], folds, 3, 0.1)
        assert_close(one, all_of_them[2:3], rtol=1e-4)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Neither function changes what came in."""
        x, y, folds = three_clouds(rng, 12, device=device)
        assert_untouched(kata, "fit_logistic", x, y, 3, 0.1)
        assert_untouched(kata, "stack", [nearest], x, y, x[:4], folds, 3)

    def test_digits(self, kata, rng, digits):
        """Stacked, naive Bayes and a tree read 75 % of new digits."""
        # Thirty random splits gave 0.88 to 0.93.
        x, y, x_new, y_new = some_digits(digits, rng, 500, 300)
        folds = torch.arange(500) % 3
        got = kata.stack([bayes, tree], x, y, x_new, folds, 10, 0.01)
        assert_tensor(got, shape=(300, 10), dtype=F64)
        assert_between(accuracy(got, y_new), 0.75, 1)


# -- Part 6 -----------------------------------------------------------------------------------


def expected_bag(fit_predict, x, y, x_new, drawn):
    """Model by model, row by row."""
    samples = drawn.tolist()
    new = [fit_predict(x[sample], y[sample], x_new) for sample in samples]
    rows = []
    for i in range(len(x)):
        without = [sample for sample in samples if i not in sample]
        told = [fit_predict(x[s], y[s], x[[i]])[0] for s in without]
        rows.append(sum(told) / len(told) if told else torch.full_like(new[0][0], math.nan))
    return sum(new) / len(new), torch.stack(rows)


def calls_of_bag(kata, x, y, x_new, drawn):
    calls = []

    def record(x, y, x_new):
        calls.append((x.clone(), y.clone()))
        return x_new

    kata.bag(record, x, y, x_new, drawn)
    return calls


@part("Bagging", points=1)
class TestBagging:
    @pytest.mark.parametrize(("rows", "rounds"), [(6, 4), (1, 3), (40, 1)])
    def test_samples(self, kata, rng, device, rows, rounds):
        """Every round draws as many rows as there are."""
        got = kata.bootstrap(rows, rounds, generator(rng, device))
        assert_tensor(got, shape=(rounds, rows), dtype=torch.int64, device=device)
        assert_between(got, 0, rows - 1)

    def test_with_replacement(self, kata, rng, device):
        """A sample holds 63 % of the rows, many of them more than once."""
        # The mean share of 30 samples of 400 has a standard deviation of 0.003.
        got = kata.bootstrap(400, 30, generator(rng, device))
        assert_tensor(got, shape=(30, 400), dtype=torch.int64, device=device)
        shares = [len(sample.unique()) / 400 for sample in got]
        assert_between(sum(shares) / 30, 0.612, 0.652)

    def test_every_row_has_the_same_chance(self, kata, rng, device):
        """All rows are drawn equally often, at every place."""
        # 2000 of 10000 on average, with a standard deviation of 40; 250 off is beyond 6 of them.
        got = kata.bootstrap(5, 2000, generator(rng, device))
        assert_tensor(got, shape=(2000, 5), dtype=torch.int64, device=device)
        assert_between(got.flatten().bincount(minlength=5), 1750, 2250)
        # 400 of 2000 at each place, with a standard deviation of 18; 110 is 6 of them.
        for place in range(5):
            assert_between(got[:, place].bincount(minlength=5), 290, 510)

    def test_randomness_is_the_generators(self, kata, rng, device):
        """The generator decides: the same state, the same samples; a second call, others."""
        source = generator(rng, device)
        first, second = kata.run(several_draws, 2, "bootstrap", 40, 3, source)
        assert_equal(kata.bootstrap(40, 3, source), first)
        assert not torch.equal(first, second), "two calls with one generator drew the same"
        assert not torch.equal(first[0], first[1]), "two rounds drew the same"
        before, after = kata.run(global_randomness_around, "bootstrap", 40, 3, source)
        assert_equal(after, before)

    @pytest.mark.parametrize(("name", "value"), [("rows", 0), ("rows", -2), ("rounds", 0)])
    def test_refuses_numbers(self, kata, rng, device, name, value):
        """No rows or no rounds are a ValueError with the name and the number."""
        with refuses(name, value):
            kata.bootstrap(
                **{"rows": 5, "rounds": 3, name: value}, generator=generator(rng, device)
            )

    @DTYPES
    @pytest.mark.parametrize("rounds", [2, 5, 9])
    def test_means_of_models(self, kata, rng, device, dtype, rounds):
        """New rows get the mean of all models, old ones that of the models that left them out."""
        x = integers(rng, -9, 10, 7, 2, device=device).to(dtype)
        y = integers(rng, 1, 9, 7, device=device)
        x_new = normal(rng, 4, 2, device=device, dtype=dtype)
        drawn = integers(rng, 0, 7, rounds, 7, device=device)
        expected = expected_bag(fingerprint, x, y, x_new, drawn)
        assert_close(kata.bag(fingerprint, x, y, x_new, drawn), expected)

    def test_rows_that_nobody_left_out(self, kata, rng, device):
        """A row that all models were trained on has NaN; one that none was, the mean of all."""
        x, y = normal(rng, 5, 2, device=device), integers(rng, 0, 3, 5, device=device)
        drawn = ids([[0, 1, 2, 2, 0], [0, 3, 3, 1, 0]], device)
        expected = expected_bag(fingerprint, x, y, x[:2], drawn)
        got = kata.bag(fingerprint, x, y, x[:2], drawn)
        assert_close(got, expected)
        every = ids([[4, 3, 2, 1, 0]], device)
        got = kata.bag(fingerprint, x, y, x[:2], every)
        assert_close(got, expected_bag(fingerprint, x, y, x[:2], every))

    def test_samples_of_any_size(self, kata, rng, device):
        """Samples may be smaller than the data, and there may be no new rows."""
        x, y = normal(rng, 8, 3, device=device), integers(rng, 0, 3, 8, device=device)
        drawn = integers(rng, 0, 8, 6, 3, device=device)
        for new in (x[:0], x[:1]):
            expected = expected_bag(fingerprint, x, y, new, drawn)
            assert_close(kata.bag(fingerprint, x, y, new, drawn), expected)

    def test_one_model_for_each_round(self, kata, rng, device):
        """There is one call for each round, with its rows in order and as often as drawn."""
        x, y = normal(rng, 6, 2, device=device), integers(rng, 0, 3, 6, device=device)
        drawn = integers(rng, 0, 6, 4, 6, device=device)
        expected = [(x[sample], y[sample]) for sample in drawn]
        assert_equal(kata.run(calls_of_bag, x, y, x[:2], drawn), expected)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """`bag` does not change what came in."""
        x, y = normal(rng, 6, 2, device=device), integers(rng, 0, 3, 6, device=device)
        drawn = integers(rng, 0, 6, 4, 6, device=device)
        assert_untouched(kata, "bag", fingerprint, x, y, x[:2], drawn)

    @pytest.mark.parametrize("shape", [(0, 5), (5,), (2, 5, 1)])
    def test_refuses_a_shape(self, kata, rng, device, shape):
        """Samples that are not (rounds, size), or no round, are a ValueError with the shape."""
        x, y = normal(rng, 5, 2, device=device), integers(rng, 0, 3, 5, device=device)
        with refuses("drawn", shape):
            kata.bag(fingerprint, x, y, x, torch.zeros(shape, dtype=torch.int64, device=device))

    def test_digits(self, kata, rng, digits):
        """Ten bagged trees read 65 % of new digits, and out of bag they do not know the answers."""
        # Thirty random splits gave 0.82 to 0.92, and 0.76 to 0.83 out of bag.
        x, y, x_new, y_new = some_digits(digits, rng, 400, 300)
        drawn = torch.tensor(rng.integers(400, size=(10, 400)))
        got = kata.bag(tree, x, y, x_new, drawn)
        assert isinstance(got, tuple), "expected a pair: for new rows, and out of bag"
        assert len(got) == 2, "expected a pair: for new rows, and out of bag"
        assert_tensor(got[0], shape=(300, 10), dtype=F64)
        assert_tensor(got[1], shape=(400, 10), dtype=F64, finite=False)
        assert_between(accuracy(got[0], y_new), 0.65, 1)
        known = ~got[1].isnan().any(1)
        assert_between(accuracy(got[1][known], y[known]), 0.5, 0.92)


# -- Part 7 -----------------------------------------------------------------------------------


def expected_selection(given, rounds):
    """Counts by a loop over plain numbers, and the narrowest decision."""
    counts, narrowest = [0] * len(given), math.inf
    for taken in range(rounds):
        losses = []
        for k in range(len(given)):
            trial = [c + (j == k) for j, c in enumerate(counts)]
            mixed = [
                sum(c * q for c, q in zip(trial, row, strict=True)) / (taken + 1)
                for row in zip(*given, strict=True)
            ]
            losses.append(-sum(math.log(m) for m in mixed) / len(mixed))
        first, second = sorted(losses)[:2]
        narrowest = min(narrowest, second - first)
        counts[losses.index(first)] += 1
    return counts, narrowest


def clear_members(rng, members, rows, classes, rounds, *, device, dtype=F64):
    """Members among whom no decision is so narrow that rounding could turn it."""
    while True:
        drawn = random_members(rng, members, rows, classes, device=device, dtype=dtype)
        counts, narrowest = expected_selection(of_targets(*drawn).tolist(), rounds)
        if narrowest > 2e-5:
            return *drawn, ids(counts, device)


def of_two_classes(*members, device):
    """Members from the probabilities that they give to class 0, and targets of class 0."""
    given = table(members, device)
    return torch.stack([given, 1 - given], 2), ids([0] * given.shape[1], device)


@part("Greedy selection", points=1)
class TestGreedy:
    def test_by_hand(self, kata, device):
        """The best one is taken first, then whoever helps most, be it the same again."""
        members = of_two_classes([0.7, 0.4], [0.25, 0.9], [0.55, 0.45], device=device)
        # Products over both rows: 0.28, 0.225, 0.2475; then 0.28, 0.30875, 0.2656 with the first;
        # then 0.3117, 0.2933, 0.2917; then 0.3084, 0.30875, 0.2956.
        for rounds, counts in [(1, [1, 0, 0]), (2, [1, 1, 0]), (3, [2, 1, 0]), (4, [2, 2, 0])]:
            assert_equal(kata.greedy_selection(*members, rounds), ids(counts, device))

    @DTYPES
    @pytest.mark.parametrize("shape", [(4, 30, 3), (6, 20, 2), (3, 40, 5)])
    @pytest.mark.parametrize("rounds", [1, 3, 8])
    def test_every_round_takes_the_best(self, kata, rng, device, dtype, shape, rounds):
        """Every round takes the member with which the mean has the least log-loss."""
        probabilities, targets, expected = clear_members(
            rng, *shape, rounds, device=device, dtype=dtype
        )
        assert_equal(kata.greedy_selection(probabilities, targets, rounds), expected)

    def test_one_more_at_a_time(self, kata, rng, device):
        """What was taken stays taken: another round adds one to one count."""
        probabilities, targets, _ = clear_members(rng, 5, 25, 3, 7, device=device)
        for rounds in range(1, 8):
            expected, _ = expected_selection(of_targets(probabilities, targets).tolist(), rounds)
            assert_equal(
                kata.greedy_selection(probabilities, targets, rounds), ids(expected, device)
            )

    def test_with_replacement(self, kata, device):
        """A member that is better in every row is taken every time."""
        members = of_two_classes([0.3, 0.4, 0.2], [0.9, 0.8, 0.7], [0.5, 0.6, 0.6], device=device)
        assert_equal(kata.greedy_selection(*members, 5), ids([0, 5, 0], device))

    def test_goes_by_the_log_loss(self, kata, device):
        """What counts is the log-loss, not how many rows are right."""
        members = of_two_classes([0.51, 0.51, 0.51], [0.95, 0.95, 0.49], device=device)
        assert_equal(kata.greedy_selection(*members, 1), ids([0, 1], device))
        members = of_two_classes([0.51, 0.51, 0.51], [0.97, 0.97, 0.03], device=device)
        assert_equal(kata.greedy_selection(*members, 1), ids([1, 0], device))

    def test_ties(self, kata, device):
        """Of equal losses the lowest index is taken."""
        members = of_two_classes([0.2, 0.3], [0.5, 0.75], [0.1, 0.9], [0.5, 0.75], device=device)
        assert_equal(kata.greedy_selection(*members, 1), ids([0, 1, 0, 0], device))
        members = of_two_classes([0.25], [0.5], [0.5], device=device)
        assert_equal(kata.greedy_selection(*members, 4), ids([0, 4, 0], device))

    def test_infinite_losses(self, kata, device):
        """A member that gives a row 0 has an infinite loss alone, and may help later."""
        members = of_two_classes([0.0, 1.0], [1.0, 0.0], device=device)
        for rounds, counts in [(1, [1, 0]), (2, [1, 1])]:
            assert_equal(kata.greedy_selection(*members, rounds), ids(counts, device))

    def test_a_single_member(self, kata, rng, device):
        """One member is taken again and again."""
        probabilities, targets = random_members(rng, 1, 5, 3, device=device)
        assert_equal(kata.greedy_selection(probabilities, targets, 4), ids([4], device))

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """`greedy_selection` does not change what came in."""
        members = random_members(rng, 3, 10, 3, device=device)
        assert_untouched(kata, "greedy_selection", *members, 4)

    @pytest.mark.parametrize("rounds", [0, -1])
    def test_refuses_rounds(self, kata, rng, device, rounds):
        """Fewer rounds than 1 are a ValueError with `rounds` and the number."""
        with refuses("rounds", rounds):
            kata.greedy_selection(*random_members(rng, 3, 10, 3, device=device), rounds)

    @pytest.mark.parametrize("shape", [(9,), (11,), (10, 1), (1,)])
    def test_refuses_another_number_of_targets(self, kata, rng, device, shape):
        """Targets of another shape than (rows,) are a ValueError with `targets` and that shape."""
        probabilities, _ = random_members(rng, 3, 10, 4, device=device)
        targets = torch.ones(shape, dtype=torch.int64, device=device)
        with refuses("targets", shape):
            kata.greedy_selection(probabilities, targets, 2)

    @pytest.mark.parametrize("value", [-1, 4])
    def test_refuses_targets(self, kata, rng, device, value):
        """A target that is no class is a ValueError with `targets` and the target."""
        probabilities, targets = random_members(rng, 3, 10, 4, device=device)
        targets[7] = value
        with refuses("targets", value):
            kata.greedy_selection(probabilities, targets, 2)


# -- Part 8 -----------------------------------------------------------------------------------


def expected_em(annotations, num_classes, iterations):
    """Dawid and Skene's algorithm on a dense table of counts, in NumPy."""
    rows = annotations.cpu().numpy()
    tasks, people = rows[:, 0].max() + 1, rows[:, 1].max() + 1
    counts = np.zeros((tasks, people, num_classes))
    for task, person, label in rows:
        counts[task, person, label] += 1
    posteriors = counts.sum(1) / counts.sum((1, 2))[:, None]
    history = []
    for _ in range(iterations):
        prior = posteriors.mean(0)
        errors = np.einsum("tc,tal->acl", posteriors, counts)
        totals = errors.sum(2, keepdims=True)
        errors = np.divide(errors, totals, out=np.zeros_like(errors), where=totals > 0)
        with np.errstate(divide="ignore"):
            log_prior, log_errors = np.log(prior), np.log(errors)
        joint = np.empty((tasks, num_classes))
        for task, truth in itertools.product(range(tasks), range(num_classes)):
            said = counts[task] > 0
            rates = log_errors[:, truth][said]
            joint[task, truth] = log_prior[truth] + (rates * counts[task][said]).sum()
        top = joint.max(1, keepdims=True)
        evidence = top + np.log(np.exp(joint - top).sum(1, keepdims=True))
        posteriors = np.exp(joint - evidence)
        history.append(evidence.sum())
    found = {"posteriors": posteriors, "prior": prior, "errors": errors}
    found["log_likelihoods"] = np.array(history)
    return {name: torch.tensor(v, device=annotations.device) for name, v in found.items()}


def random_crowd(rng, tasks, people, classes, each, *, device):
    """Labels by people of all kinds: careful, careless, one who always says 1, one who swaps."""
    truth = rng.integers(classes, size=tasks)
    rows = []
    for task in range(tasks):
        for person in rng.permutation(people)[:each].tolist():
            careful = 0.95 if person % 2 else 0.6
            label = truth[task] if rng.random() < careful else rng.integers(classes)
            if person == 0:
                label = 1 % classes
            if person == 3:
                label = (truth[task] + 1) % classes
            rows.append([task, person, int(label)])
    return ids(rng.permutation(rows), device)


@pytest.fixture(scope="module")
def anaesthetists():
    """Annotations of table 1 in Dawid and Skene 1979: the first three columns are one observer."""
    text = (Path(__file__).parent / "data_anaesthetists.csv").read_text(encoding="utf-8")
    lines = [line.split(",") for line in text.splitlines() if line[0].isdigit()]
    observer = [0, 0, 0, 1, 2, 3, 4]
    return [
        [int(patient) - 1, who, int(grade) - 1]
        for patient, *grades in lines
        for who, grade in zip(observer, grades, strict=True)
    ]


@part("Crowd labels", points=2)
class TestCrowd:
    def test_by_hand(self, kata, device):
        """One iteration: shares of labels, their mean, rates, and the posteriors that follow."""
        # Two tasks; annotator 0 says 0 and 1, annotator 1 says 0 twice: shares (1, 0), (1/2, 1/2).
        annotations = ids([[0, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 0]], device)
        got = kata.dawid_skene(annotations, 2, iterations=1)
        expected = {
            "posteriors": table([[1.0, 0.0], [0.5, 0.5]], device),
            "prior": table([0.75, 0.25], device),
            "errors": table([[[2 / 3, 1 / 3], [0, 1]], [[1, 0], [1, 0]]], device),
            "log_likelihoods": table([math.log(0.5) + math.log(0.5)], device),
        }
        assert_close(got, expected)

    @pytest.mark.parametrize("iterations", [1, 2, 7])
    @pytest.mark.parametrize(
        ("tasks", "people", "classes", "each"), [(12, 5, 3, 4), (20, 4, 2, 3), (9, 8, 4, 8)]
    )
    def test_every_iteration(self, kata, rng, device, iterations, tasks, people, classes, each):
        """Posteriors, prior, error rates and log-likelihoods are those of the EM algorithm."""
        annotations = random_crowd(rng, tasks, people, classes, each, device=device)
        got = kata.dawid_skene(annotations, classes, iterations)
        assert_close(got, expected_em(annotations, classes, iterations), rtol=1e-8)

    def test_repeated_labels(self, kata, rng, device):
        """Whoever labels a task several times is counted several times."""
        annotations = torch.stack(
            [integers(rng, 0, high, 70, device=device) for high in (6, 3, 3)], 1
        )
        annotations[:6, 0] = torch.arange(6, device=device)
        got = kata.dawid_skene(annotations, 3, 5)
        assert_close(got, expected_em(annotations, 3, 5), rtol=1e-8)

    def test_anaesthetists(self, kata, device, anaesthetists):
        """Five anaesthetists and 45 patients give the published estimates of 1979."""
        got = kata.dawid_skene(ids(anaesthetists, device), 4)
        assert_close(got, expected_em(ids(anaesthetists, device), 4, 100), rtol=1e-8)
        history = got["log_likelihoods"]
        start = table([-205.0911, -194.5510, -193.1594, -192.9424, -192.9093], device)
        assert_close(history[:5], start, atol=1e-4)
        assert_close(history[-1].item(), -192.890881, atol=1e-6)
        prior = table([0.3996, 0.4220, 0.1118, 0.0667], device)
        assert_close(got["prior"], prior, rtol=0, atol=1e-4)
        first = [[0.8895, 0.1105, 0, 0], [0.0706, 0.8764, 0.0530, 0]]
        first += [[0, 0.3388, 0.6612, 0], [0, 0, 0.5556, 0.4444]]
        assert_close(got["errors"][0], table(first, device), rtol=0, atol=1e-4)
        # Three patients leave the grade that most gave them.
        votes = torch.zeros(45, 4, dtype=F64, device=device)
        for patient, _, grade in anaesthetists:
            votes[patient, grade] += 1
        changed = (got["posteriors"].argmax(1) != votes.argmax(1)).nonzero().flatten() + 1
        assert_equal(changed, ids([2, 12, 36], device))

    def test_default_iterations(self, kata, rng, device):
        """By default there are 100 iterations, and the likelihood never falls."""
        annotations = random_crowd(rng, 15, 5, 3, 3, device=device)
        got = kata.dawid_skene(annotations, 3)
        assert_close(got, expected_em(annotations, 3, 100), rtol=1e-6)
        assert_between(got["log_likelihoods"].diff(), -1e-9, math.inf)

    def test_many_labels_for_a_task(self, kata, rng, device):
        """A thousand labels for a task are no reason for 0 / 0."""
        truth = np.arange(4) % 2
        people = np.arange(1200)
        labels = np.where(rng.random((4, 1200)) < 0.6, truth[:, None], 1 - truth[:, None])
        rows = np.stack([np.repeat(np.arange(4), 1200), np.tile(people % 40, 4), labels.ravel()], 1)
        annotations = ids(rows, device)
        got = kata.dawid_skene(annotations, 2, 3)
        assert_close(got, expected_em(annotations, 2, 3), rtol=1e-7)

    def test_what_nobody_met(self, kata, device):
        """Classes that nobody named have no prior; rows of classes never met are 0."""
        annotations = ids([[0, 0, 0], [0, 1, 0], [1, 0, 2], [1, 2, 2], [2, 1, 0]], device)
        got = kata.dawid_skene(annotations, 4, 3)
        rates = torch.zeros(3, 4, 4, dtype=F64, device=device)
        for annotator, label in [(0, 0), (1, 0), (0, 2), (2, 2)]:
            rates[annotator, label, label] = 1
        expected = {
            "posteriors": functional.one_hot(ids([0, 2, 0], device), 4).double(),
            "prior": table([2 / 3, 0, 1 / 3, 0], device),
            "errors": rates,
            "log_likelihoods": table([2 * math.log(2 / 3) + math.log(1 / 3)] * 3, device),
        }
        assert_close(got, expected)

    def test_smallest_crowds(self, kata, device):
        """One label of one annotator, or a single class, is enough."""
        got = kata.dawid_skene(ids([[0, 0, 2]], device), 3, 2)
        assert_close(got, expected_em(ids([[0, 0, 2]], device), 3, 2))
        annotations = ids([[0, 0, 0], [1, 1, 0]], device)
        got = kata.dawid_skene(annotations, 1, 2)
        assert_close(got, expected_em(annotations, 1, 2))

    def test_order_does_not_matter(self, kata, rng, device):
        """Annotations may come in any order."""
        annotations = random_crowd(rng, 10, 5, 3, 3, device=device)
        expected = expected_em(annotations, 3, 4)
        for order in (annotations[:, 0].argsort(), annotations[:, 1].argsort()):
            assert_close(kata.dawid_skene(annotations[order], 3, 4), expected, rtol=1e-8)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """`dawid_skene` does not change the annotations."""
        annotations = random_crowd(rng, 10, 5, 3, 3, device=device)
        assert_untouched(kata, "dawid_skene", annotations, 3, 2)

    @pytest.mark.parametrize("shape", [(0, 3), (4, 2), (3,), (2, 3, 3)])
    def test_refuses_a_shape(self, kata, device, shape):
        """Annotations that are not (annotations, 3), or none, are a ValueError with the shape."""
        with refuses("annotations", shape):
            kata.dawid_skene(torch.zeros(shape, dtype=torch.int64, device=device), 3)

    @pytest.mark.parametrize(("column", "value"), [(0, -1), (1, -3), (2, -2), (2, 3), (2, 8)])
    def test_refuses_annotations(self, kata, rng, device, column, value):
        """A negative number or a label that is no class is a ValueError with the value."""
        annotations = random_crowd(rng, 6, 3, 3, 3, device=device)
        annotations[4, column] = value
        with refuses("annotations", value):
            kata.dawid_skene(annotations, 3)

    @pytest.mark.parametrize(
        ("name", "value"), [("num_classes", 0), ("num_classes", -1), ("iterations", 0)]
    )
    def test_refuses_numbers(self, kata, device, name, value):
        """Fewer classes or iterations than 1 are a ValueError with the name and the number."""
        options = {"num_classes": 3, "iterations": 5} | {name: value}
        with refuses(name, value):
            kata.dawid_skene(ids([[0, 0, 1], [0, 1, 2]], device), **options)
