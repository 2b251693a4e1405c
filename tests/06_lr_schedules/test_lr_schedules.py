"""Schedules, optimiser steps and planning: what is asked, part by part.

Rates are judged against loops over the formulas and against `torch.optim.lr_scheduler`,
optimisers against the functions behind `torch.optim`, policies against all policies there are.
"""

from __future__ import annotations

import itertools
import math
import re
import warnings

import numpy as np
import pytest
import torch
from torch.optim import adadelta, adagrad, adam, adamw, lr_scheduler, sgd

from grader.testing import assert_between, assert_close, assert_equal, assert_tensor, part


def table(rates):
    """The rates as a schedule has to return them."""
    return torch.tensor(list(rates), dtype=torch.float64)


def half_cosine(start, end, progress):
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


class Groups(torch.optim.Optimizer):
    """What a torch scheduler needs of an optimiser: a real one takes a second to start."""

    def __init__(self, lr):
        self.param_groups = [{"params": [], "lr": lr}]
        self.defaults = {"lr": lr}

    def step(self):
        pass


def torch_rates(make_scheduler, lr, total_steps):
    """The rates that a torch scheduler sets, step by step."""
    optimizer, rates = Groups(lr), []
    with warnings.catch_warnings(action="ignore"):  # some releases warn of what they do themselves
        scheduler = make_scheduler(optimizer)
        for _ in range(total_steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    return table(rates)


def expected_loss(rates, *, total_steps=200):
    """E[x^2] after SGD from x = 3 on x^2 / 2, whose gradients have noise of variance 1."""
    assert_tensor(rates, shape=(total_steps,), dtype=torch.float64)
    second_moment = 9.0
    for rate in rates.tolist():
        second_moment = (1 - rate) ** 2 * second_moment + rate**2
    return second_moment


def pair(got, meaning):
    """What came back, if it is a pair."""
    assert isinstance(got, tuple), f"expected a pair: {meaning}"
    assert len(got) == 2, f"expected a pair: {meaning}"
    return got


def bad(**values):
    """Run a test once for each bad value of each argument."""
    cases = [(name, value) for name, several in values.items() for value in several]
    return pytest.mark.parametrize(("name", "value"), cases)


def refuses(name, value):
    """Expect a ValueError whose message holds the argument's name and the value."""
    pattern = rf"(?s)(?=.*\b{name}\b).*{re.escape(str(value))}"
    return pytest.raises(ValueError, match=pattern)


# -- Part 1 -----------------------------------------------------------------------------------


STEP_DECAY = {"base_lr": 0.3, "total_steps": 9, "step_size": 4, "gamma": 0.5}
EXPONENTIAL_DECAY = {"base_lr": 0.3, "total_steps": 9, "gamma": 0.5}


@part("Step and exponential decay", points=1)
class TestDecay:
    def test_drops_by_ten_at_every_tenth_step(self, kata):
        """With `step_size=10` the steps 10 and 20 are the first at a lower rate; `gamma` is 0.1."""
        expected = table([0.1] * 10 + [0.01] * 10 + [0.001] * 5)
        assert_close(kata.step_decay(0.1, 25, 10), expected)

    def test_step_decay(self, kata, rng):
        """Step `t` of `step_decay` has the rate `base_lr * gamma ** (t // step_size)`."""
        base_lr, gamma = rng.uniform(0.1, 2), rng.uniform(0.3, 0.9)
        size, total = int(rng.integers(3, 8)), int(rng.integers(30, 50))
        expected = table(base_lr * gamma ** (t // size) for t in range(total))
        assert_close(kata.step_decay(base_lr, total, size, gamma), expected)

    def test_shortest_and_longest_step_size(self, kata):
        """A `step_size` of 1 drops at every step, one as long as the run never."""
        assert_close(kata.step_decay(0.8, 4, 1, gamma=0.5), table([0.8, 0.4, 0.2, 0.1]))
        assert_close(kata.step_decay(0.8, 4, 4, gamma=0.5), table([0.8] * 4))

    @pytest.mark.parametrize("gamma", [0.93, 1.07])
    def test_exponential_decay(self, kata, rng, gamma):
        """Step `t` of `exponential_decay` has the rate `base_lr * gamma ** t`."""
        base_lr, total = rng.uniform(0.1, 2), int(rng.integers(30, 50))
        expected = table(base_lr * gamma**t for t in range(total))
        assert_close(kata.exponential_decay(base_lr, total, gamma), expected)

    def test_agrees_with_torch(self, kata, rng):
        """Both decays give the rates of `StepLR` and `ExponentialLR`."""
        lr, gamma, size = rng.uniform(0.1, 2), rng.uniform(0.5, 0.95), int(rng.integers(2, 9))
        expected = torch_rates(lambda o: lr_scheduler.StepLR(o, size, gamma), lr, 40)
        assert_close(kata.step_decay(lr, 40, size, gamma), expected)
        expected = torch_rates(lambda o: lr_scheduler.ExponentialLR(o, gamma), lr, 40)
        assert_close(kata.exponential_decay(lr, 40, gamma), expected)

    def test_smallest_arguments(self, kata):
        """A run may have one step; rates and factors may be 0."""
        assert_close(kata.step_decay(0.7, 1, 1, gamma=0.4), table([0.7]))
        assert_close(kata.exponential_decay(0.7, 1, 0.4), table([0.7]))
        assert_close(kata.step_decay(0.7, 3, 2, gamma=0.0), table([0.7, 0.7, 0.0]))
        assert_close(kata.exponential_decay(0.7, 3, 0.0), table([0.7, 0.0, 0.0]))
        assert_close(kata.step_decay(0.0, 2, 1), table([0.0, 0.0]))
        assert_close(kata.exponential_decay(0.0, 2, 0.4), table([0.0, 0.0]))

    def test_a_rate_that_decays_ends_lower(self, kata):
        """On a noisy quadratic three steps from 0.5 end at 0.0146, a constant 0.5 at 0.3333."""
        stepped = kata.step_decay(0.5, 200, 67)
        assert_close(expected_loss(stepped), 0.01460805, rtol=0, atol=1e-8)
        constant = kata.exponential_decay(0.5, 200, 1.0)
        assert_close(expected_loss(constant), 1 / 3)

    @bad(base_lr=[-0.1, math.nan], total_steps=[0], step_size=[0], gamma=[-0.5])
    def test_step_decay_refuses(self, kata, name, value):
        """A bad argument of `step_decay` is a ValueError that holds its name and its value."""
        with refuses(name, value):
            kata.step_decay(**STEP_DECAY | {name: value})

    @bad(base_lr=[-0.1], total_steps=[0, -3], gamma=[-0.5, math.nan])
    def test_exponential_decay_refuses(self, kata, name, value):
        """A bad argument of `exponential_decay` is a ValueError with its name and value."""
        with refuses(name, value):
            kata.exponential_decay(**EXPONENTIAL_DECAY | {name: value})


# -- Part 2 -----------------------------------------------------------------------------------


COSINE = {"base_lr": 0.4, "total_steps": 9, "min_lr": 0.03, "decay_steps": 7}


@part("Cosine annealing", points=1)
class TestCosine:
    def test_from_the_base_to_the_floor(self, kata):
        """The first step's rate is `base_lr` and the last step's is `min_lr`."""
        rates = kata.cosine(base_lr=0.4, min_lr=0.03, total_steps=50)
        assert_tensor(rates, shape=(50,), dtype=torch.float64)
        assert_close(rates[[0, -1]], table([0.4, 0.03]))

    def test_ten_steps_to_zero(self, kata):
        """From 0.1 over the steps 0 to 10 the rates are those of `CosineAnnealingLR`."""
        expected = [0.1, 0.0975528, 0.0904508, 0.0793893, 0.0654508, 0.05]
        expected += [0.0345492, 0.0206107, 0.0095492, 0.0024472, 0.0]
        assert_close(kata.cosine(0.1, 11), table(expected), rtol=0, atol=6e-8)

    def test_every_rate(self, kata, rng):
        """Step `t` lies `t / (total_steps - 1)` of the way down half a cosine."""
        high, low, total = rng.uniform(0.5, 2), rng.uniform(0.01, 0.3), int(rng.integers(20, 50))
        expected = table(half_cosine(high, low, t / (total - 1)) for t in range(total))
        assert_close(kata.cosine(high, total, low), expected)

    def test_agrees_with_torch(self, kata, rng):
        """The rates are those of `CosineAnnealingLR` with `T_max=total_steps - 1`."""
        high, low, total = rng.uniform(0.5, 2), rng.uniform(0.01, 0.3), int(rng.integers(20, 50))
        expected = torch_rates(
            lambda o: lr_scheduler.CosineAnnealingLR(o, total - 1, eta_min=low), high, total
        )
        assert_close(kata.cosine(high, total, low), expected)

    def test_holds_the_floor(self, kata):
        """After `decay_steps` steps the rate stays at `min_lr`: it does not rise again."""
        expected = [half_cosine(0.4, 0.03, t / 6) for t in range(7)] + [0.03] * 13
        assert_close(kata.cosine(0.4, 20, 0.03, decay_steps=7), table(expected))

    def test_a_run_that_ends_early(self, kata):
        """With `decay_steps` beyond the run, the rates are the first of the longer fall."""
        expected = [half_cosine(0.4, 0.03, t / 29) for t in range(12)]
        assert_close(kata.cosine(0.4, 12, 0.03, decay_steps=30), table(expected))

    def test_falls_of_one_and_two_steps(self, kata):
        """Step 0 has `base_lr` however short the fall; one of one or two steps ends at step 1."""
        assert_close(kata.cosine(0.4, 1, 0.03), table([0.4]))
        assert_close(kata.cosine(0.4, 2, 0.03), table([0.4, 0.03]))
        assert_close(kata.cosine(0.4, 3, 0.03, decay_steps=1), table([0.4, 0.03, 0.03]))
        assert_close(kata.cosine(0.4, 3, 0.03, decay_steps=2), table([0.4, 0.03, 0.03]))
        assert_close(kata.cosine(0.4, 3, 0.03, decay_steps=3), table([0.4, 0.215, 0.03]))

    def test_floor_as_high_as_the_base(self, kata):
        """With `min_lr` equal to `base_lr` the rate is constant, also at 0."""
        assert_close(kata.cosine(0.2, 4, min_lr=0.2), table([0.2] * 4))
        assert_close(kata.cosine(0.0, 3), table([0.0] * 3))

    def test_noise_falls_with_the_rate(self, kata):
        """On a noisy quadratic a fall that ends at step 199 leaves 0.018499, one later 0.018437."""
        loss = expected_loss(kata.cosine(0.5, 200))
        assert_close(loss, 0.01849862, rtol=0, atol=1e-8)
        loss = expected_loss(kata.cosine(0.5, 200, decay_steps=201))
        assert_close(loss, 0.01843732, rtol=0, atol=1e-8)

    @bad(base_lr=[-0.4], total_steps=[0], min_lr=[-0.01, 0.41], decay_steps=[0, -2])
    def test_refuses(self, kata, name, value):
        """A bad argument of `cosine` is a ValueError that holds its name and its value."""
        with refuses(name, value):
            kata.cosine(**COSINE | {name: value})


# -- Part 3 -----------------------------------------------------------------------------------


def warm_up_and_return_the_rates(kata, rates):
    kata.warmup(rates, 4)
    return rates


WARMUP_STABLE_DECAY = {
    "base_lr": 0.4,
    "total_steps": 12,
    "warmup_steps": 3,
    "decay_steps": 4,
    "min_lr": 0.02,
}


@part("Warm-up", points=1)
class TestWarmup:
    def test_climbs_in_equal_steps(self, kata, rng):
        """The ramp's rates are `rates[0] * (t + 1) / (warmup_steps + 1)`: never 0, never a jump."""
        rates, length = table(rng.uniform(0.5, 2, size=6)), int(rng.integers(3, 9))
        ramp = [rates[0].item() * (t + 1) / (length + 1) for t in range(length)]
        assert_close(kata.warmup(rates, length), table([*ramp, *rates.tolist()]))

    def test_any_table_follows_the_ramp(self, kata):
        """The given rates follow the ramp unchanged, from the step `warmup_steps` on."""
        rates = table([0.1 * t for t in range(1, 60)])
        warmed = kata.warmup(rates, 7)
        assert_tensor(warmed, shape=(66,), dtype=torch.float64)
        assert_equal(warmed[7:], rates)

    def test_starts_at_a_third(self, kata):
        """With `start_factor=1/3` five steps climb from a third to just below 0.1, then 0.1."""
        expected = table([1 / 30, 0.14 / 3, 0.06, 0.22 / 3, 0.26 / 3, 0.1, 0.1])
        assert_close(kata.warmup(table([0.1, 0.1]), 5, start_factor=1 / 3), expected)

    def test_agrees_with_torch(self, kata):
        """A ramp of 500 steps, then a cosine, are the rates of `SequentialLR`."""
        expected = torch_rates(
            lambda o: lr_scheduler.SequentialLR(
                o,
                [lr_scheduler.LinearLR(o, 1e-3, 1, 500), lr_scheduler.CosineAnnealingLR(o, 40)],
                [500],
            ),
            0.1,
            540,
        )
        cosine = table(half_cosine(0.1, 0.0, t / 40) for t in range(40))
        warmed = kata.warmup(cosine, 500, start_factor=1e-3)
        assert_close(warmed, expected)
        assert_close(warmed[[0, 499, 500]], table([1e-4, 0.0998002, 0.1]), rtol=0, atol=1e-8)

    def test_shortest_ramps(self, kata):
        """No ramp leaves the rates as they are; a ramp of one step starts at half."""
        assert_close(kata.warmup(table([0.6, 0.2]), 0), table([0.6, 0.2]))
        assert_close(kata.warmup(table([0.6, 0.2]), 1), table([0.3, 0.6, 0.2]))
        assert_close(kata.warmup(table([0.6]), 2), table([0.2, 0.4, 0.6]))

    def test_smallest_and_largest_start(self, kata):
        """A `start_factor` of 0 starts at 0, one of 1 makes the ramp flat."""
        assert_close(kata.warmup(table([0.6]), 2, start_factor=0.0), table([0.0, 0.3, 0.6]))
        assert_close(kata.warmup(table([0.6]), 2, start_factor=1.0), table([0.6] * 3))

    def test_leaves_its_argument_alone(self, kata, rng):
        """`warmup` does not change the table that it is given."""
        rates = table(rng.uniform(0.5, 2, size=6))
        assert_equal(kata.run(warm_up_and_return_the_rates, rates), rates)

    @pytest.mark.parametrize("value", [-1, -7])
    def test_warmup_refuses_a_negative_length(self, kata, value):
        """A negative `warmup_steps` is a ValueError that holds its name and its value."""
        with refuses("warmup_steps", value):
            kata.warmup(table([0.1, 0.2]), value)

    @pytest.mark.parametrize("value", [-0.01, 1.01])
    def test_warmup_refuses_a_start(self, kata, value):
        """A `start_factor` outside 0 to 1 is a ValueError that holds its name and its value."""
        with refuses("start_factor", value):
            kata.warmup(table([0.1, 0.2]), 3, start_factor=value)

    @pytest.mark.parametrize("shape", [(), (0,), (2, 3), (1, 1)])
    def test_warmup_refuses_what_is_no_table(self, kata, shape):
        """`rates` that are empty or not 1-D are a ValueError with `rates` and the shape."""
        with refuses("rates", shape):
            kata.warmup(torch.full(shape, 0.1, dtype=torch.float64), 3)

    def test_climb_hold_fall(self, kata, rng):
        """`warmup_stable_decay` climbs like `warmup`, holds `base_lr`, then falls in a line."""
        high, low = rng.uniform(0.5, 2), rng.uniform(0.01, 0.3)
        up, flat, down = (int(rng.integers(2, 9)) for _ in range(3))
        climb = [high * (t + 1) / (up + 1) for t in range(up)]
        fall = [high + (low - high) * j / down for j in range(1, down + 1)]
        rates = kata.warmup_stable_decay(high, up + flat + down, up, down, low)
        assert_close(rates, table([*climb, *[high] * flat, *fall]))

    def test_last_stable_step_and_last_step(self, kata):
        """The step before the fall has `base_lr`; the fall starts at once and ends at 0."""
        rates = kata.warmup_stable_decay(0.4, 12, warmup_steps=3, decay_steps=4)
        expected = [0.1, 0.2, 0.3] + [0.4] * 5 + [0.3, 0.2, 0.1, 0.0]
        assert_close(rates, table(expected))

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ((0.4, 3, 0, 0), [0.4, 0.4, 0.4]),
            ((0.4, 1, 0, 0), [0.4]),
            ((0.4, 3, 1, 0, 0.1), [0.2, 0.4, 0.4]),
            ((0.4, 3, 0, 2, 0.1), [0.4, 0.25, 0.1]),
            ((0.4, 3, 1, 1, 0.1), [0.2, 0.4, 0.1]),
            ((0.4, 3, 1, 1, 0.4), [0.2, 0.4, 0.4]),
            ((0.0, 2, 0, 1), [0.0, 0.0]),
        ],
    )
    def test_phases_may_be_missing(self, kata, arguments, expected):
        """Climb and fall may have no steps; together they leave at least one stable step."""
        assert_close(kata.warmup_stable_decay(*arguments), table(expected))

    def test_a_fall_at_the_end_removes_the_noise(self, kata):
        """On a noisy quadratic a climb of 20, and a fall of 40 of 200 steps, end at 0.0519."""
        loss = expected_loss(kata.warmup_stable_decay(0.5, 200, 20, 40))
        assert_close(loss, 0.05185783, rtol=0, atol=1e-8)

    @bad(
        base_lr=[-0.4],
        total_steps=[0, 7],
        warmup_steps=[-1],
        decay_steps=[-1],
        min_lr=[-0.01, 0.41],
    )
    def test_warmup_stable_decay_refuses(self, kata, name, value):
        """A bad argument of `warmup_stable_decay` is a ValueError with its name and value."""
        with refuses(name, value):
            kata.warmup_stable_decay(**WARMUP_STABLE_DECAY | {name: value})


# -- Part 4 -----------------------------------------------------------------------------------


def restarted(high, low, first_period, multiplier, total_steps):
    """The rates, by walking through the periods."""
    rates, period = [], first_period
    while len(rates) < total_steps:
        rates += [half_cosine(high, low, since / period) for since in range(period)]
        period *= multiplier
    return table(rates[:total_steps])


WARM_RESTARTS = {
    "base_lr": 0.4,
    "total_steps": 9,
    "first_period": 3,
    "multiplier": 2,
    "min_lr": 0.03,
}


@part("Warm restarts", points=1)
class TestRestarts:
    def test_restarts_at_10_and_30(self, kata):
        """With periods of 10, 20, ... the steps 10 and 30 are back at the top, 9 and 29 are low."""
        rates = kata.warm_restarts(0.1, 40, first_period=10, multiplier=2)
        assert_tensor(rates, shape=(40,), dtype=torch.float64)
        expected = table([0.1, 0.00244717, 0.1, 0.09938442, 0.00061558, 0.1])
        assert_close(rates[[0, 9, 10, 11, 29, 30]], expected, rtol=0, atol=1e-8)

    @pytest.mark.parametrize("multiplier", [1, 2, 3, 10])
    def test_every_rate(self, kata, rng, multiplier):
        """A step that lies `since` into a period lies `since / period` down half a cosine."""
        high, low = rng.uniform(0.5, 2), rng.uniform(0.01, 0.3)
        first, total = int(rng.integers(3, 9)), int(rng.integers(80, 120))
        expected = restarted(high, low, first, multiplier, total)
        assert_close(kata.warm_restarts(high, total, first, multiplier, low), expected)

    def test_periods_are_equal_by_default(self, kata):
        """Without `multiplier` and `min_lr` all periods are alike and fall towards 0."""
        expected = restarted(0.7, 0.0, 4, 1, 11)
        assert_close(kata.warm_restarts(0.7, 11, 4), expected)

    @pytest.mark.parametrize("multiplier", [1, 2, 3])
    def test_agrees_with_torch(self, kata, rng, multiplier):
        """The rates are those of `CosineAnnealingWarmRestarts`."""
        high, low, first = rng.uniform(0.5, 2), rng.uniform(0.01, 0.3), int(rng.integers(3, 9))
        expected = torch_rates(
            lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, first, multiplier, low),
            high,
            100,
        )
        assert_close(kata.warm_restarts(high, 100, first, multiplier, low), expected)

    @pytest.mark.parametrize(("first", "multiplier"), [(1, 3), (5, 3), (7, 6), (1, 10)])
    def test_restarts_are_exact_in_a_long_run(self, kata, first, multiplier):
        """In a run of 20,000 steps each restart falls on its step, not on a neighbour."""
        expected = restarted(0.4, 0.03, first, multiplier, 20_000)
        assert_close(kata.warm_restarts(0.4, 20_000, first, multiplier, 0.03), expected)

    def test_shortest_periods(self, kata):
        """A period of one step is `base_lr` alone; a run may end within its first period."""
        assert_close(kata.warm_restarts(0.4, 3, 1), table([0.4] * 3))
        assert_close(kata.warm_restarts(0.4, 4, 1, 2), table([0.4, 0.4, 0.2, 0.4]))
        assert_close(kata.warm_restarts(0.4, 1, 5, 2), table([0.4]))
        assert_close(kata.warm_restarts(0.4, 3, 4, 2), restarted(0.4, 0.0, 4, 2, 3))
        assert_close(kata.warm_restarts(0.4, 4, 4, 2), restarted(0.4, 0.0, 4, 2, 4))
        assert_close(kata.warm_restarts(0.4, 5, 4, 2), restarted(0.4, 0.0, 4, 2, 5))

    def test_floor_as_high_as_the_base(self, kata):
        """With `min_lr` equal to `base_lr` the rate is constant, also at 0."""
        assert_close(kata.warm_restarts(0.2, 7, 2, 2, min_lr=0.2), table([0.2] * 7))
        assert_close(kata.warm_restarts(0.0, 5, 2), table([0.0] * 5))

    @bad(
        base_lr=[-0.4],
        total_steps=[0],
        first_period=[0],
        multiplier=[0],
        min_lr=[-0.01, 0.41],
    )
    def test_refuses(self, kata, name, value):
        """A bad argument of `warm_restarts` is a ValueError that holds its name and its value."""
        with refuses(name, value):
            kata.warm_restarts(**WARM_RESTARTS | {name: value})


# -- Part 5 -----------------------------------------------------------------------------------


ONE_CYCLE = {"max_lr": 0.4, "total_steps": 10, "warm_fraction": 0.4, "div": 5.0, "final_div": 50.0}


@part("One-cycle", points=1)
class TestOneCycle:
    def test_a_hundred_steps(self, kata):
        """By default the rates go from max / 25 over a peak at step 29 of 100 to max / 250,000."""
        rates = kata.one_cycle(0.1, 100)
        assert_tensor(rates, shape=(100,), dtype=torch.float64)
        expected = table([0.004, 0.1, 0.09994965, 4e-7])
        assert_close(rates[[0, 29, 30, 99]], expected, rtol=1e-7, atol=0)
        assert int(rates.argmax()) == 29, f"the peak is at step {int(rates.argmax())}, not at 29"

    def test_every_rate(self, kata, rng):
        """The climb covers steps 0 to `peak`, the fall `peak` to the last, each half a cosine."""
        top, total, fraction = rng.uniform(0.5, 2), int(rng.integers(30, 60)), rng.uniform(0.2, 0.6)
        div, final_div = rng.uniform(3, 30), rng.uniform(10, 1000)
        peak, last, first_lr = fraction * total - 1, total - 1, top / div
        expected = table(
            half_cosine(first_lr, top, t / peak)
            if t <= peak
            else half_cosine(top, first_lr / final_div, (t - peak) / (last - peak))
            for t in range(total)
        )
        assert_close(kata.one_cycle(top, total, fraction, div, final_div), expected)

    @pytest.mark.parametrize("fraction", [0.25, 0.3, 0.55])
    def test_agrees_with_torch(self, kata, rng, fraction):
        """The rates are those of `OneCycleLR`, also where the peak lies between two steps."""
        top, div, final_div = rng.uniform(0.5, 2), rng.uniform(3, 30), rng.uniform(10, 1000)
        expected = torch_rates(
            lambda o: lr_scheduler.OneCycleLR(
                o,
                top,
                total_steps=50,
                pct_start=fraction,
                div_factor=div,
                final_div_factor=final_div,
                cycle_momentum=False,
            ),
            0.1,
            50,
        )
        assert_close(kata.one_cycle(top, 50, fraction, div, final_div), expected)

    def test_ends_below_its_start(self, kata):
        """The first rate is `max_lr / div`, the last is the first divided by `final_div`."""
        rates = kata.one_cycle(0.8, 31, warm_fraction=0.4, div=4.0, final_div=50.0)
        assert_tensor(rates, shape=(31,), dtype=torch.float64)
        assert_close(rates[[0, -1]], table([0.2, 0.004]))

    def test_shortest_runs_and_smallest_divisors(self, kata):
        """Two steps are the first and the last rate; divisors of 1 change nothing."""
        assert_close(kata.one_cycle(0.8, 2, 0.75, 4.0, 50.0), table([0.2, 0.004]))
        assert_close(kata.one_cycle(0.8, 3, 2 / 3, 4.0, 50.0), table([0.2, 0.8, 0.004]))
        assert_close(kata.one_cycle(0.8, 3, 2 / 3, 1.0, 4.0), table([0.8, 0.8, 0.2]))
        assert_close(kata.one_cycle(0.8, 3, 2 / 3, 4.0, 1.0), table([0.2, 0.8, 0.2]))
        assert_close(kata.one_cycle(0.0, 4), table([0.0] * 4))

    @bad(
        max_lr=[-0.4],
        total_steps=[0, 1],
        warm_fraction=[-0.1, 0.0, 0.1, 1.0, 1.2],
        div=[0.99],
        final_div=[0.99],
    )
    def test_refuses(self, kata, name, value):
        """A bad argument of `one_cycle` is a ValueError that holds its name and its value."""
        with refuses(name, value):
            kata.one_cycle(**ONE_CYCLE | {name: value})


# -- Part 6 -----------------------------------------------------------------------------------


INVERSE_SQRT = {"d_model": 64, "total_steps": 9, "warmup_steps": 4}


@part("Inverse square root", points=1)
class TestInverseSqrt:
    def test_every_rate(self, kata, rng):
        """Step `t` has the rate of the paper for its step number `t + 1`."""
        width, ramp = int(rng.integers(10, 600)), int(rng.integers(5, 30))
        expected = table(width**-0.5 * min(n**-0.5, n * ramp**-1.5) for n in range(1, ramp * 3 + 1))
        assert_close(kata.inverse_sqrt(width, ramp * 3, ramp), expected)

    def test_peak_of_the_base_model(self, kata):
        """At width 512 the peak is 6.98771e-4 at step 3999: `warmup_steps` is 4000 by default."""
        rates = kata.inverse_sqrt(512, 5000)
        assert_tensor(rates, shape=(5000,), dtype=torch.float64)
        expected = table([1.74693e-7, 6.98596e-4, 6.98771e-4, 6.98684e-4, 6.25e-4])
        assert_close(rates[[0, 3998, 3999, 4000, 4999]], expected, rtol=2e-6, atol=0)
        assert int(rates.argmax()) == 3999, f"the peak is at step {int(rates.argmax())}, not 3999"

    def test_climb_is_a_line_through_zero(self, kata):
        """Up to the peak at step `warmup_steps - 1` the rate is the step number times the first."""
        rates = kata.inverse_sqrt(100, 8, warmup_steps=8)
        assert_close(rates, table(0.1 * n / 8**1.5 for n in range(1, 9)))

    def test_shortest_climb_and_narrowest_model(self, kata):
        """A climb of one step only falls; width 1 leaves the rates unscaled."""
        assert_close(kata.inverse_sqrt(1, 4, 1), table(n**-0.5 for n in range(1, 5)))
        assert_close(kata.inverse_sqrt(1, 1, 4), table([0.125]))

    @bad(d_model=[0], total_steps=[0], warmup_steps=[0])
    def test_refuses(self, kata, name, value):
        """A bad argument of `inverse_sqrt` is a ValueError that holds its name and its value."""
        with refuses(name, value):
            kata.inverse_sqrt(**INVERSE_SQRT | {name: value})


# -- Part 7 -----------------------------------------------------------------------------------


def torch_sgd(parameter, gradient, state, lr, momentum=0.9):
    buffers = [state["momentum_buffer"]]
    fixed = {"weight_decay": 0.0, "dampening": 0.0, "nesterov": False, "maximize": False}
    sgd.sgd([parameter], [gradient], buffers, lr=lr, momentum=momentum, **fixed)
    return {"momentum_buffer": buffers[0]}


def torch_adagrad(parameter, gradient, state, lr, eps=1e-10):
    lists = [parameter], [gradient], [state["sum"]], [torch.tensor(0.0)]
    adagrad.adagrad(*lists, lr=lr, eps=eps, weight_decay=0.0, lr_decay=0.0, maximize=False)
    return state


def torch_adadelta(parameter, gradient, state, lr, rho=0.9, eps=1e-6):
    averages = [state["square_avg"]], [state["acc_delta"]], [torch.tensor(0.0)]
    fixed = {"weight_decay": 0.0, "maximize": False}
    adadelta.adadelta([parameter], [gradient], *averages, lr=lr, rho=rho, eps=eps, **fixed)
    return state


def torch_adam(
    parameter, gradient, state, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, update=adam.adam
):
    steps = [torch.tensor(float(state["step"]))]
    averages = [state["exp_avg"]], [state["exp_avg_sq"]], [], steps
    numbers = {"lr": lr, "beta1": betas[0], "beta2": betas[1], "eps": eps}
    fixed = {"weight_decay": weight_decay, "amsgrad": False, "maximize": False}
    update([parameter], [gradient], *averages, **numbers, **fixed)
    return state | {"step": int(steps[0])}


def torch_adamw(*arguments, weight_decay=0.01, **options):
    return torch_adam(*arguments, weight_decay=weight_decay, update=adamw.adamw, **options)


# For each step: torch's own, the buffers of its state, and options unlike the defaults.
STEPS = {
    "sgd_step": (torch_sgd, ("momentum_buffer",), {"momentum": 0.6}),
    "adagrad_step": (torch_adagrad, ("sum",), {"eps": 1e-3}),
    "adadelta_step": (torch_adadelta, ("square_avg", "acc_delta"), {"rho": 0.7, "eps": 1e-3}),
    "adam_step": (
        torch_adam,
        ("exp_avg", "exp_avg_sq"),
        {"betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.2},
    ),
    "adamw_step": (
        torch_adamw,
        ("exp_avg", "exp_avg_sq"),
        {"betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.2},
    ),
}
RATES = (0.1, 0.4, 0.05, 0.2, 0.3)


def step_and_return_the_arguments(kata, name, parameter, gradient, state):
    getattr(kata, name)(parameter, gradient, state, 0.1)
    return parameter, gradient, state


def step_and_overwrite_the_arguments(kata, name, parameter, gradient):
    updated, state = getattr(kata, name)(parameter, gradient, {}, 0.1)
    parameter.fill_(7.0)
    gradient.fill_(7.0)
    return updated, state


def torch_steps(name, parameter, gradients, options):
    """Parameter and state after each step, by torch, in float64."""
    step, buffers, _ = STEPS[name]
    wide = parameter.double().clone()
    state = {key: torch.zeros_like(wide) for key in buffers}
    state |= {"step": 0} if step in (torch_adam, torch_adamw) else {}
    for gradient, lr in zip(gradients, RATES, strict=False):
        state = step(wide, gradient.double(), state, lr, **options)
        yield (
            wide.to(parameter.dtype),
            {k: v.to(parameter.dtype) if k in buffers else v for k, v in state.items()},
        )


def draw(rng, shape, dtype, device):
    return torch.from_numpy(np.asarray(rng.normal(size=shape))).to(device, dtype)


def parameter_and_gradients(rng, shape, dtype, device, steps=5):
    """Gradients of every size: the small ones show where `eps` stands."""
    sizes = torch.from_numpy(np.asarray(10.0 ** -rng.integers(0, 11, size=shape)))
    sizes = sizes.to(device, dtype)
    gradients = [draw(rng, shape, dtype, device) * sizes for _ in range(steps)]
    return draw(rng, shape, dtype, device), gradients


def judge(kata, name, parameter, gradients, options):
    """Hold the parameter and the state after every step against torch's."""
    state = {}
    expected = torch_steps(name, parameter, gradients, options)
    for gradient, lr, wanted in zip(gradients, RATES, expected, strict=False):
        got = getattr(kata, name)(parameter, gradient, state, lr, **options)
        assert_close(got, wanted)
        parameter, state = got


@part("Optimiser steps", points=2)
class TestOptimisers:
    def test_momentum_gathers_gradients(self, kata, device):
        """SGD's buffer holds gradients, not rates: `momentum * buffer + gradient`."""
        parameter = torch.tensor([1.0, -2.0], dtype=torch.float64, device=device)
        gradient = torch.tensor([0.5, 4.0], dtype=torch.float64, device=device)
        state = {"momentum_buffer": torch.tensor([2.0, 1.0], dtype=torch.float64, device=device)}
        expected = torch.tensor([1.5, 4.5], dtype=torch.float64, device=device)
        got = kata.sgd_step(parameter, gradient, state, 0.1, momentum=0.5)
        assert_close(got, (parameter - 0.1 * expected, {"momentum_buffer": expected}))

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
    @pytest.mark.parametrize("name", STEPS)
    def test_defaults_agree_with_torch(self, kata, rng, device, name, dtype):
        """Five steps at five rates, by the defaults, are those of `torch.optim`, state included."""
        parameter, gradients = parameter_and_gradients(rng, (3, 8), dtype, device)
        judge(kata, name, parameter, gradients, {})

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
    @pytest.mark.parametrize("name", STEPS)
    def test_options_agree_with_torch(self, kata, rng, device, name, dtype):
        """Five steps with every option set are those of `torch.optim`, state included."""
        parameter, gradients = parameter_and_gradients(rng, (3, 8), dtype, device)
        judge(kata, name, parameter, gradients, STEPS[name][2])

    @pytest.mark.parametrize("shape", [(), (0, 3), (1,), (2, 3, 2)], ids=str)
    @pytest.mark.parametrize("name", STEPS)
    def test_any_shape(self, kata, rng, device, name, shape):
        """Parameters of any shape are stepped, a single number and none at all included."""
        parameter, gradients = parameter_and_gradients(rng, shape, torch.float64, device, 2)
        judge(kata, name, parameter, gradients, {})

    @pytest.mark.parametrize("name", ["adam_step", "adamw_step"])
    @pytest.mark.parametrize("size", [1e-3, 1e3])
    def test_first_step_has_the_size_of_the_rate(self, kata, device, name, size):
        """With bias correction Adam's first step is `lr` long, whatever the gradient's size."""
        parameter = torch.zeros(2, dtype=torch.float64, device=device)
        gradient = torch.tensor([size, -3 * size], dtype=torch.float64, device=device)
        got = getattr(kata, name)(parameter, gradient, {}, 0.1, eps=0.0)
        averages = {"exp_avg": gradient * 0.1, "exp_avg_sq": gradient**2 * 0.001}
        expected = torch.tensor([-0.1, 0.1], dtype=torch.float64, device=device)
        assert_close(got, (expected, {"step": 1} | averages))

    @pytest.mark.parametrize(
        ("name", "expected"),
        [("adam_step", [0.00032149, 0.02458689]), ("adamw_step", [-0.05179717, -0.05179708])],
    )
    def test_decay_in_the_gradient_is_not_decay_of_the_weight(self, kata, device, name, expected):
        """Adam's L2 pulls the two entries differently, AdamW's decay both alike."""
        parameter = torch.ones(2, dtype=torch.float64, device=device)
        gradient = torch.tensor([10.0, 0.1], dtype=torch.float64, device=device)
        state = {}
        for _ in range(10):
            got = getattr(kata, name)(parameter, gradient, state, 0.1, weight_decay=0.1)
            parameter, state = pair(got, "parameter and state")
            assert_tensor(parameter, shape=(2,), dtype=torch.float64, device=device)
        wanted = torch.tensor(expected, dtype=torch.float64, device=device)
        assert_close(parameter, wanted, rtol=0, atol=1e-8)

    @pytest.mark.parametrize("name", STEPS)
    def test_leaves_its_arguments_alone(self, kata, rng, device, name):
        """Parameter, gradient and state are as they were, on the first step and on a later one."""
        parameter, gradients = parameter_and_gradients(rng, (4,), torch.float64, device)
        arguments = (parameter, gradients[0], {})
        assert_equal(kata.run(step_and_return_the_arguments, name, *arguments), arguments)
        state = {key: gradients[1].abs() + 0.1 for key in STEPS[name][1]}
        state |= {"step": 3} if name.startswith("adam") else {}
        arguments = (parameter, gradients[0], state)
        assert_equal(kata.run(step_and_return_the_arguments, name, *arguments), arguments)

    @pytest.mark.parametrize("name", STEPS)
    def test_shares_no_memory_with_its_arguments(self, kata, rng, device, name):
        """What a step returned does not change when its gradient or parameter is overwritten."""
        parameter, gradients = parameter_and_gradients(rng, (4,), torch.float64, device)
        expected = next(torch_steps(name, parameter, gradients, {}))
        got = kata.run(step_and_overwrite_the_arguments, name, parameter, gradients[0])
        assert_close(got, expected)

    @pytest.mark.parametrize("shape", [(3,), (2, 1), (1, 2, 3)], ids=str)
    @pytest.mark.parametrize("name", STEPS)
    def test_refuses_a_gradient_of_another_shape(self, kata, device, name, shape):
        """A gradient that would only broadcast is a ValueError with `gradient` and its shape."""
        parameter, gradient = torch.ones(2, 3, device=device), torch.ones(shape, device=device)
        with refuses("gradient", shape):
            getattr(kata, name)(parameter, gradient, {}, 0.1)


# -- Part 8 -----------------------------------------------------------------------------------


def process(rng, states, actions, device):
    """Random transitions and rewards of a Markov decision process."""
    transitions = rng.dirichlet(np.full(states, 0.5), size=(states, actions))
    rewards = rng.normal(size=(states, actions))
    return torch.from_numpy(transitions).to(device), torch.from_numpy(rewards).to(device)


def best_of_all_policies(transitions, rewards, discount):
    """The optimum by trying every deterministic policy: the one that is best in every state."""
    p, r = transitions.cpu().numpy(), rewards.cpu().numpy()
    states, actions = r.shape
    found = []
    for policy in itertools.product(range(actions), repeat=states):
        chosen = np.arange(states), np.array(policy)
        values = np.linalg.solve(np.eye(states) - discount * p[chosen], r[chosen])
        found.append((values.sum(), policy, values))
    _, policy, values = max(found, key=lambda item: item[0])
    device = transitions.device
    return torch.tensor(policy, device=device), torch.from_numpy(values).to(device)


def plan(got, states, actions, device):
    """What `policy_iteration` returned, if it is a pair of a policy and values at all."""
    policy, values = pair(got, "a policy and its values")
    assert_tensor(policy, shape=(states,), dtype=torch.int64, device=device)
    assert_between(policy, 0, actions - 1)
    assert_tensor(values, shape=(states,), dtype=torch.float64, device=device)
    return policy, values


# A training run: 4 stages, each at one of 6 levels of E[x^2] on the noisy quadratic; the
# action is the rate of the stage, and what counts is the level at the end.
STAGES, LEVELS, ACTIONS = 4, (9.0, 3.0, 1.0, 0.3, 0.1, 0.03), (0.05, 0.2, 0.5, 0.9)


def where_a_rate_leads(level, rate):
    """Probability of each level after one stage: the two next to E[x^2], by its logarithm."""
    loss = (1 - rate) ** 2 * LEVELS[level] + rate**2
    loss = min(max(loss, LEVELS[-1]), LEVELS[0])
    below = next(i for i, value in enumerate(LEVELS) if value <= loss)
    odds = [0.0] * len(LEVELS)
    if below == 0:
        odds[0] = 1.0
    else:
        share = math.log(loss / LEVELS[below]) / math.log(LEVELS[below - 1] / LEVELS[below])
        odds[below - 1], odds[below] = share, 1 - share
    return odds


def training_run(device):
    """The run as a process: states count level within stage, the last state is the end."""
    count = len(LEVELS)
    end = STAGES * count
    transitions = torch.zeros(end + 1, len(ACTIONS), end + 1, dtype=torch.float64)
    rewards = torch.zeros(end + 1, len(ACTIONS), dtype=torch.float64)
    transitions[end, :, end] = 1
    for stage, level, a in itertools.product(range(STAGES), range(count), range(len(ACTIONS))):
        state, odds = stage * count + level, where_a_rate_leads(level, ACTIONS[a])
        if stage + 1 < STAGES:
            transitions[state, a, (stage + 1) * count : (stage + 2) * count] = table(odds)
        else:
            transitions[state, a, end] = 1
            rewards[state, a] = -sum(p * loss for p, loss in zip(odds, LEVELS, strict=True))
    return transitions.to(device), rewards.to(device)


def planned_backwards(discount):
    """Best action and value for each stage and level, from the last stage to the first."""
    after, plan = [-loss for loss in LEVELS], []
    for stage in reversed(range(STAGES)):
        weight = 1.0 if stage == STAGES - 1 else discount
        worth = [
            [
                weight * sum(p * v for p, v in zip(where_a_rate_leads(i, rate), after, strict=True))
                for rate in ACTIONS
            ]
            for i in range(len(LEVELS))
        ]
        plan = [max(range(len(ACTIONS)), key=row.__getitem__) for row in worth] + plan
        after = [max(row) for row in worth]
    return plan, after


@part("Plan the schedule", points=2)
class TestPlan:
    def test_first_visit_only(self, kata):
        """Of two visits to a state in one episode only the first return counts."""
        episodes = [[(0, 1.0), (1, 0.0), (0, 2.0)]]
        assert_close(kata.monte_carlo_values(episodes, 2, 0.5), table([1.5, 1.0]))

    def test_mean_over_episodes(self, kata):
        """A state's value is the mean over the episodes that visit it, NaN if none does."""
        episodes = [[(0, 1.0), (1, 0.0), (0, 2.0)], [(1, 4.0)], [(3, -2.0), (1, 3.0), (1, 10.0)]]
        expected = table([1.5, (1.0 + 4.0 + 8.0) / 3, math.nan, -2.0 + 0.5 * 8.0])
        assert_close(kata.monte_carlo_values(episodes, 4, 0.5), expected)

    @pytest.mark.parametrize("discount", [0.0, 0.7, 1.0])
    def test_monte_carlo_values(self, kata, rng, discount):
        """Each return is the discounted sum of all rewards from the first visit on."""
        episodes, returns = [], {state: [] for state in range(6)}
        for _ in range(8):
            visited = [int(s) for s in rng.integers(0, 5, size=rng.integers(1, 12))]
            rewards = [float(r) for r in rng.normal(size=len(visited))]
            episodes.append(list(zip(visited, rewards, strict=True)))
            for state in set(visited):
                rest = rewards[visited.index(state) :]
                returns[state].append(sum(discount**k * r for k, r in enumerate(rest)))
        expected = table(math.fsum(r) / len(r) if r else math.nan for r in returns.values())
        assert_close(kata.monte_carlo_values(episodes, 6, discount), expected)

    def test_no_experience(self, kata):
        """Without episodes, or with an empty one, no value is known."""
        assert_close(kata.monte_carlo_values([], 2, 0.5), table([math.nan] * 2))
        assert_close(kata.monte_carlo_values([[], [(0, 3.0)]], 1, 0.5), table([3.0]))

    @bad(num_states=[0], discount=[-0.1, 1.1])
    def test_monte_carlo_values_refuses(self, kata, name, value):
        """A bad argument of `monte_carlo_values` is a ValueError with its name and value."""
        arguments = {"episodes": [], "num_states": 2, "discount": 0.5} | {name: value}
        with refuses(name, value):
            kata.monte_carlo_values(**arguments)

    @pytest.mark.parametrize("state", [-1, 2, 9])
    def test_monte_carlo_values_refuses_a_stray_state(self, kata, state):
        """A state outside 0 to `num_states - 1` is a ValueError with `episodes` and the state."""
        with refuses("episodes", state):
            kata.monte_carlo_values([[(0, 1.0), (state, 1.0), (1, 0.0)]], 2, 0.5)

    def test_greedy_looks_one_step_ahead(self, kata, device):
        """A better next state can be worth a lower reward, if the discount lets it count."""
        stay, move = [[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]
        transitions = torch.tensor([stay, move], dtype=torch.float64, device=device)
        transitions = transitions.transpose(0, 1).contiguous()
        rewards = torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64, device=device)
        values = torch.tensor([0.0, 4.0], dtype=torch.float64, device=device)
        far, near = torch.tensor([1, 0], device=device), torch.tensor([0, 0], device=device)
        assert_equal(kata.greedy_policy(transitions, rewards, 0.5, values), far)
        assert_equal(kata.greedy_policy(transitions, rewards, 0.2, values), near)

    @pytest.mark.parametrize("discount", [0.0, 0.6, 1.0])
    def test_greedy_policy(self, kata, rng, device, discount):
        """The action of highest `reward + discount * expected next value` is chosen."""
        transitions, rewards = process(rng, 7, 3, device)
        values = torch.from_numpy(rng.normal(size=7)).to(device) * 5
        chosen = []
        for s in range(7):
            worth = [
                rewards[s, a].item()
                + discount * sum(transitions[s, a, n].item() * values[n].item() for n in range(7))
                for a in range(3)
            ]
            chosen.append(max(range(3), key=worth.__getitem__))
        expected = torch.tensor(chosen, device=device)
        assert_equal(kata.greedy_policy(transitions, rewards, discount, values), expected)

    def test_greedy_takes_the_lowest_of_equals(self, kata, device):
        """Of actions that are worth the same, the lowest is chosen."""
        transitions = torch.full((2, 3, 2), 0.5, dtype=torch.float64, device=device)
        rewards = torch.tensor([[0.0, 2.0, 2.0], [1.0, 1.0, 1.0]], device=device).double()
        values = torch.tensor([1.0, 3.0], dtype=torch.float64, device=device)
        expected = torch.tensor([1, 0], device=device)
        assert_equal(kata.greedy_policy(transitions, rewards, 0.5, values), expected)

    @pytest.mark.parametrize(("discount", "scale"), [(0.0, 1), (0.5, 1e6), (0.95, 1e-9)])
    def test_best_of_all_policies(self, kata, rng, device, discount, scale):
        """Policy and values are the best of all deterministic policies, in any unit of reward."""
        transitions, rewards = process(rng, 4, 3, device)
        expected = best_of_all_policies(transitions, rewards * scale, discount)
        assert_close(kata.policy_iteration(transitions, rewards * scale, discount), expected)

    def test_the_best_policy_follows_the_rewards(self, kata, rng, device):
        """With the signs of all rewards swapped the best policy is the worst one of before."""
        transitions, rewards = process(rng, 4, 2, device)
        expected = best_of_all_policies(transitions, -rewards, 0.8)
        assert_close(kata.policy_iteration(transitions, -rewards, 0.8), expected)

    def test_a_far_reward_is_found(self, kata, device):
        """A far reward is found, however little the way there pays: 50 steps at discount 0.99."""
        states = torch.arange(51, device=device)
        transitions = torch.zeros(51, 2, 51, dtype=torch.float64, device=device)
        transitions[states, 0, states] = 1
        transitions[states, 1, (states + 1).clamp(max=50)] = 1
        rewards = torch.zeros(51, 2, dtype=torch.float64, device=device)
        rewards[:, 0], rewards[50] = 0.1, 1.0
        policy, values = plan(kata.policy_iteration(transitions, rewards, 0.99), 51, 2, device)
        assert_equal(policy[:50], torch.ones(50, dtype=torch.int64, device=device))
        assert_close(values, 100 * 0.99 ** (50 - states).double())

    def test_one_state_one_action(self, kata, device):
        """A single state with a single action earns `reward / (1 - discount)`."""
        transitions = torch.ones(1, 1, 1, dtype=torch.float64, device=device)
        rewards = torch.tensor([[3.0]], dtype=torch.float64, device=device)
        expected = torch.tensor([12.0], dtype=torch.float64, device=device)
        policy = torch.tensor([0], device=device)
        assert_close(kata.policy_iteration(transitions, rewards, 0.75), (policy, expected))

    def test_nothing_to_earn(self, kata, rng, device):
        """Without rewards every policy is as good, and every state is worth 0."""
        transitions, rewards = process(rng, 3, 2, device)
        _, values = plan(kata.policy_iteration(transitions, rewards * 0, 0.5), 3, 2, device)
        assert_close(values, torch.zeros(3, dtype=torch.float64, device=device))

    def test_equal_actions_do_not_go_round_for_ever(self, kata, rng, device):
        """Where all actions are the same, any policy is right, and the search ends."""
        transitions, rewards = process(rng, 5, 1, device)
        expected = torch.linalg.solve(
            torch.eye(5, dtype=torch.float64, device=device) - 0.9 * transitions[:, 0],
            rewards[:, 0],
        )
        got = kata.policy_iteration(transitions.repeat(1, 3, 1), rewards.repeat(1, 3), 0.9)
        _, values = plan(got, 5, 3, device)
        assert_close(values, expected)

    def test_rates_fall_as_the_run_goes_on(self, kata, device):
        """On a training run the plan is that of working backwards: a lower loss, a lower rate."""
        rates, worth = planned_backwards(0.95)
        got = kata.policy_iteration(*training_run(device), 0.95)
        count = STAGES * len(LEVELS)
        policy, values = plan(got, count + 1, len(ACTIONS), device)
        assert_equal(policy[:count], torch.tensor(rates, device=device))
        assert_close(values[: len(LEVELS)], table(worth).to(device))

    @pytest.mark.parametrize("discount", [-0.1, 1.0, 1.5, math.nan])
    def test_policy_iteration_refuses_a_discount(self, kata, rng, device, discount):
        """A discount below 0, of 1 or above, is a ValueError with `discount` and its value."""
        with refuses("discount", discount):
            kata.policy_iteration(*process(rng, 3, 2, device), discount)

    @pytest.mark.parametrize("discount", [-0.1, 1.01])
    def test_greedy_policy_refuses_a_discount(self, kata, rng, device, discount):
        """A discount outside 0 to 1 is a ValueError with `discount` and its value."""
        values = torch.zeros(3, dtype=torch.float64, device=device)
        with refuses("discount", discount):
            kata.greedy_policy(*process(rng, 3, 2, device), discount, values)

    @pytest.mark.parametrize("spoil", ["short", "long", "negative", "flat", "oblong"])
    @pytest.mark.parametrize("name", ["policy_iteration", "greedy_policy"])
    def test_refuses_what_are_no_probabilities(self, kata, rng, device, name, spoil):
        """`transitions` that are no distributions, or misshapen, are a ValueError naming them."""
        transitions, rewards = process(rng, 3, 2, device)
        if spoil == "short":
            transitions[1, 0] *= 0.99
        elif spoil == "long":
            transitions[2, 1] *= 1.01
        elif spoil == "negative":
            transitions[0, 1] = torch.tensor([1.5, -0.5, 0.0], device=device)
        elif spoil == "flat":
            transitions = transitions[:, 0]
        else:
            transitions = torch.cat([transitions, torch.zeros_like(transitions[..., :1])], dim=2)
        arguments = (transitions, rewards, 0.5)
        if name == "greedy_policy":
            arguments += (torch.zeros(3, dtype=torch.float64, device=device),)
        with pytest.raises(ValueError, match=r"\btransitions\b"):
            getattr(kata, name)(*arguments)

    @pytest.mark.parametrize("name", ["policy_iteration", "greedy_policy"])
    def test_refuses_rewards_of_another_shape(self, kata, rng, device, name):
        """`rewards` that would only broadcast are a ValueError with `rewards` and the shape."""
        transitions, rewards = process(rng, 3, 2, device)
        arguments = (transitions, rewards[:, :1], 0.5)
        if name == "greedy_policy":
            arguments += (torch.zeros(3, dtype=torch.float64, device=device),)
        with refuses("rewards", (3, 1)):
            getattr(kata, name)(*arguments)

    def test_refuses_values_of_another_shape(self, kata, rng, device):
        """`values` that are not one per state are a ValueError with `values` and the shape."""
        transitions, rewards = process(rng, 3, 2, device)
        for shape in [(3, 1), (2,), (1, 3)]:
            with refuses("values", shape):
                values = torch.zeros(shape, dtype=torch.float64, device=device)
                kata.greedy_policy(transitions, rewards, 0.5, values)

    def test_rounded_probabilities_pass(self, kata, rng, device):
        """Rows that sum to 1 within 1e-6 are accepted."""
        transitions, rewards = process(rng, 3, 2, device)
        transitions *= 1 + 5e-7
        values = torch.from_numpy(rng.normal(size=3)).to(device)
        expected = (rewards + 0.5 * (transitions * values).sum(2)).argmax(1)
        assert_equal(kata.greedy_policy(transitions, rewards, 0.5, values), expected)
