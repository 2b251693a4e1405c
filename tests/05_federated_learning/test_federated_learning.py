"""Federated learning: what is asked, part by part.

Averages, medians and server steps are judged against loops over Python numbers, training
against autograd of the whole objective, rounds against the step that one machine with all the
data would take, masks by the sums that must be exact, whatever generator made them.
"""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn import functional

from grader.testing import assert_between, assert_close, assert_equal, assert_tensor, part

DTYPES = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])


def normal(rng, *shape, device, dtype=torch.float64):
    return torch.tensor(rng.normal(size=shape), dtype=dtype, device=device)


def bad(**values):
    """Run a test once for each bad value of each argument."""
    cases = [(name, value) for name, several in values.items() for value in several]
    return pytest.mark.parametrize(("name", "value"), cases)


def refuses(name, value):
    """Expect a ValueError whose message holds the argument's name and the value."""
    pattern = rf"(?s)(?=.*\b{name}\b).*{re.escape(str(value))}"
    return pytest.raises(ValueError, match=pattern)


def generator(rng):
    return np.random.default_rng(rng.integers(2**32))


# -- Part 1 -----------------------------------------------------------------------------------


def assert_partition(parts, examples, clients, device):
    """Every example with one client, each client's indices in order."""
    assert isinstance(parts, list), f"expected a list of tensors, got {type(parts).__name__}"
    assert len(parts) == clients, f"expected {clients} tensors, got {len(parts)}"
    for rows in parts:
        assert_tensor(rows, shape=(len(rows),), dtype=torch.int64, device=device)
        assert_equal(rows, rows.sort().values)
    assert_equal(torch.cat(parts).sort().values, torch.arange(examples, device=device))


def class_counts(parts, targets, classes):
    """How many examples of each class each client has, (clients, classes)."""
    return torch.stack([torch.bincount(targets[rows], minlength=classes) for rows in parts])


def partition_and_return_targets(kata, targets, source):
    for rows in kata.dirichlet_partition(targets, 3, 0.5, source):
        rows.fill_(0)
    return targets


@part("Dirichlet partition", points=1)
class TestPartition:
    @pytest.mark.parametrize("clients", [1, 2, 7])
    @pytest.mark.parametrize("alpha", [0.05, 0.7, 40])
    def test_every_example_once(self, kata, rng, device, clients, alpha):
        """Every example is with exactly one client, whose indices ascend."""
        targets = torch.tensor(rng.integers(0, 6, 150), device=device)
        parts = kata.dirichlet_partition(targets, clients, alpha, generator(rng))
        assert_partition(parts, 150, clients, device)

    def test_a_large_alpha_shares_evenly(self, kata, rng, device):
        """With a huge alpha each client has the same number of every class, to within one."""
        # Shares are then off by less than 1e-3 examples of 62.
        targets = torch.tensor(rng.permutation(np.repeat(np.arange(5), 62)), device=device)
        parts = kata.dirichlet_partition(targets, 4, 1e8, generator(rng))
        assert_partition(parts, 310, 4, device)
        assert_between(class_counts(parts, targets, 5), 14.5, 16.5)

    def test_a_small_alpha_gives_whole_classes(self, kata, rng, device):
        """With a tiny alpha nearly every class lies whole with one client, not always the same."""
        # A class is split with probability below 0.01: ten of 100 below 1e-7. Of 100 classes a
        # client owns 25 on average, under 4 or over 60 with a probability below 1e-8.
        targets = torch.tensor(rng.permutation(np.repeat(np.arange(100), 10)), device=device)
        parts = kata.dirichlet_partition(targets, 4, 1e-4, generator(rng))
        assert_partition(parts, 1000, 4, device)
        whole = class_counts(parts, targets, 100) == 10
        assert_between(whole.sum().item(), 90, 100)
        assert_between(whole.sum(1), 4, 60)

    @pytest.mark.parametrize("alpha", [0.3, 2.0])
    def test_shares_vary_as_they_should(self, kata, rng, device, alpha):
        """The clients' shares of a class have the mean and the spread of a Dirichlet draw."""
        # 800 independent classes; by Hoeffding's bound both fail below 1e-7.
        targets = torch.tensor(rng.permutation(np.repeat(np.arange(800), 30)), device=device)
        parts = kata.dirichlet_partition(targets, 3, alpha, generator(rng))
        assert_partition(parts, 24_000, 3, device)
        shares = class_counts(parts, targets, 800).double() / 30
        assert_between(shares.mean(1), 1 / 3 - 0.12, 1 / 3 + 0.12)
        second = (alpha + 1) / (3 * (3 * alpha + 1))
        assert_between(shares.square().mean().item(), second - 0.025, second + 0.025)

    def test_examples_of_a_class_are_drawn_at_random(self, kata, rng, device):
        """Which examples of a class a client gets does not go by their order."""
        # Half of 200 classes' first examples are with client 0: 60 to 140 but for 1e-8.
        targets = torch.tensor(np.repeat(np.arange(200), 6), device=device)
        parts = kata.dirichlet_partition(targets, 2, 1e8, generator(rng))
        assert_partition(parts, 1200, 2, device)
        assert_between((parts[0] % 6 == 0).sum().item(), 60, 140)
        assert_between((parts[0] % 6 == 5).sum().item(), 60, 140)

    def test_the_generator_decides(self, kata, rng, device):
        """All randomness comes from the generator: the same one, the same partition."""
        targets = torch.tensor(rng.integers(0, 6, 150), device=device)
        seed = int(rng.integers(2**32))
        results = [
            kata.dirichlet_partition(targets, 3, 1.5, np.random.default_rng(number))
            for number in (seed, seed, seed + 1)
        ]
        for parts in results:
            assert_partition(parts, 150, 3, device)
        assert_equal(results[0], results[1])
        first, _, other = ([rows.tolist() for rows in parts] for parts in results)
        assert first != other, "another generator gave the same partition"  # by chance: 1e-12

    def test_any_labels(self, kata, rng, device):
        """Classes may be any integers, with gaps, negative, or of a single example."""
        labels = np.concatenate([np.full(40, -7), np.full(40, 1_000_000), [3]])
        targets = torch.tensor(rng.permutation(labels), device=device)
        parts = kata.dirichlet_partition(targets, 2, 1e8, generator(rng))
        assert_partition(parts, 81, 2, device)
        for label in (-7, 1_000_000):
            assert_between((targets[parts[0]] == label).sum().item(), 19, 21)

    @pytest.mark.parametrize("examples", [0, 1, 3])
    def test_few_examples(self, kata, rng, device, examples):
        """There may be fewer examples than clients, or none."""
        targets = torch.full((examples,), 2, device=device)
        parts = kata.dirichlet_partition(targets, 5, 0.5, generator(rng))
        assert_partition(parts, examples, 5, device)

    def test_leaves_its_argument_alone(self, kata, rng, device):
        """Neither partitioning nor writing to the result changes the targets."""
        targets = torch.tensor(rng.integers(0, 6, 50), device=device)
        assert_equal(kata.run(partition_and_return_targets, targets, generator(rng)), targets)

    @bad(clients=[0, -2], alpha=[0.0, -0.5, math.nan, math.inf])
    def test_refuses(self, kata, rng, device, name, value):
        """A bad argument is a ValueError that holds its name and its value."""
        targets = torch.tensor(rng.integers(0, 3, 20), device=device)
        options = {"clients": 3, "alpha": 0.5} | {name: value}
        with refuses(name, value):
            kata.dirichlet_partition(targets, **options, generator=generator(rng))


# -- Part 2 -----------------------------------------------------------------------------------


def random_states(rng, clients, *, device, dtype=torch.float64):
    shapes = {"weight": (3, 4), "bias": (4,), "scale": ()}
    return [
        {name: normal(rng, *shape, device=device, dtype=dtype) for name, shape in shapes.items()}
        for _ in range(clients)
    ]


def entry_by_entry(states, combine):
    """Apply `combine` to the list of the clients' numbers in every place."""
    result = {}
    for name, like in states[0].items():
        columns = zip(*(state[name].flatten().tolist() for state in states), strict=True)
        values = [combine(list(column)) for column in columns]
        result[name] = torch.tensor(values, dtype=like.dtype, device=like.device).reshape(
            like.shape
        )
    return result


def weighted(states, counts):
    def combine(values):
        return math.fsum(c * v for c, v in zip(counts, values, strict=True)) / sum(counts)

    return entry_by_entry(states, combine)


def average_and_overwrite(kata, states, counts):
    for tensor in kata.federated_average(states, counts).values():
        tensor.fill_(7)
    return states


def misfits(states):
    """States that do not fit the first one, and what a message must hold."""
    other = dict(states[1])
    del other["bias"]
    yield other, "bias"
    yield states[1] | {"extra": states[1]["bias"]}, "extra"
    yield states[1] | {"bias": states[1]["bias"][:1]}, (1,)
    yield states[1] | {"weight": states[1]["weight"].T}, (4, 3)


@part("Federated average", points=1)
class TestAverage:
    def test_by_hand(self, kata, device):
        """A client with three times the examples has three times the weight."""
        states = [{"w": torch.tensor([value, 2.0], device=device)} for value in (1.0, 5.0)]
        expected = {"w": torch.tensor([2.0, 2.0], device=device)}
        assert_close(kata.federated_average(states, [3, 1]), expected)
        expected = {"w": torch.tensor([4.5, 2.0], device=device)}
        assert_close(kata.federated_average(states, [5, 35]), expected)

    @DTYPES
    @pytest.mark.parametrize("clients", [1, 2, 7])
    def test_any_states(self, kata, rng, device, dtype, clients):
        """Every entry is the mean of the clients' entries, weighted by their examples."""
        states = random_states(rng, clients, device=device, dtype=dtype)
        counts = rng.integers(1, 500, clients).tolist()
        assert_close(kata.federated_average(states, counts), weighted(states, counts))

    def test_order_does_not_matter(self, kata, rng, device):
        """Clients may come in any order."""
        states = random_states(rng, 5, device=device)
        counts = [3, 50, 7, 120, 11]
        expected = weighted(states, counts)
        assert_close(kata.federated_average(states[::-1], counts[::-1]), expected)

    def test_integers_stay_integers(self, kata, device):
        """Of integer entries the largest is taken, exactly; of bool entries, True."""
        states = [
            {
                "batches": torch.tensor(batches, device=device),
                "seen": torch.tensor(seen, device=device),
                "small": torch.tensor(small, dtype=torch.uint8, device=device),
            }
            for batches, seen, small in [
                (2**60 + 1, [True, False, False], [3, 0]),
                (5, [False, False, True], [255, 0]),
                (2**60, [False, False, False], [4, 1]),
            ]
        ]
        expected = {
            "batches": torch.tensor(2**60 + 1, device=device),
            "seen": torch.tensor([True, False, True], device=device),
            "small": torch.tensor([255, 1], dtype=torch.uint8, device=device),
        }
        assert_equal(kata.federated_average(states, [1, 40, 2]), expected)

    def test_a_client_without_examples_has_no_say(self, kata, rng, device):
        """A state with a count of 0 does not matter, be it NaN or the largest integer."""
        states = random_states(rng, 4, device=device)
        expected = weighted([states[0], states[3]], [9, 2])
        for state in states:
            state["batches"] = torch.tensor(6, device=device)
        states[1] = {name: torch.full_like(t, 99) for name, t in states[1].items()}
        states[1]["bias"][0] = math.nan
        states[2]["weight"][1, 1] = math.inf
        expected["batches"] = torch.tensor(6, device=device)
        assert_close(kata.federated_average(states, [9, 0, 0, 2]), expected)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["f16", "bf16"])
    def test_half_precision(self, kata, rng, device, dtype):
        """In half precision large counts do not overflow."""
        states = random_states(rng, 3, device=device, dtype=dtype)
        counts = [70_000, 1_000_000, 300_000]
        assert_close(kata.federated_average(states, counts), weighted(states, counts))

    def test_many_clients_in_half_precision(self, kata, device):
        """Sums over many clients do not get stuck: they are wider than half precision."""
        states = [{"w": torch.full((2,), 1.5, dtype=torch.float16, device=device)}] * 5000
        assert_close(kata.federated_average(states, [7] * 5000), states[0])

    def test_entries_of_any_layout(self, kata, rng, device):
        """Entries may be empty, and lie in memory in any order."""
        states = [
            {"t": normal(rng, 4, 3, device=device).T, "none": normal(rng, 0, 3, device=device)}
            for _ in range(2)
        ]
        assert_close(kata.federated_average(states, [2, 3]), weighted(states, [2, 3]))

    @pytest.mark.parametrize("clients", [1, 3])
    def test_the_result_is_new(self, kata, rng, device, clients):
        """Neither averaging nor writing to the result changes the clients' states."""
        states = random_states(rng, clients, device=device)
        for number, state in enumerate(states):
            state["batches"] = torch.tensor([number, 3], device=device)
        assert_equal(kata.run(average_and_overwrite, states, [5, 1, 2][:clients]), states)

    @pytest.mark.parametrize("case", range(4))
    def test_refuses_states_that_differ(self, kata, rng, device, case):
        """States that differ in a name or a shape are a ValueError that says which."""
        states = random_states(rng, 3, device=device)
        states[2], value = list(misfits(states))[case]
        with refuses("states", value):
            kata.federated_average(states, [3, 4, 5])
        with refuses("states", value):
            kata.federated_average(states, [3, 4, 0])

    @pytest.mark.parametrize(
        ("counts", "value"),
        [([], 0), ([4, 5], 2), ([4, 5, 6, 7], 4), ([4, -3, 5], -3), ([0, 0, 0], [0, 0, 0])],
    )
    def test_refuses_counts(self, kata, rng, device, counts, value):
        """Too few or many counts, negative ones, or zeros alone are a ValueError."""
        with refuses("counts", value):
            kata.federated_average(random_states(rng, 3, device=device), counts)

    def test_refuses_no_states(self, kata):
        """No states at all are a ValueError that holds `states` and `[]`."""
        with refuses("states", []):
            kata.federated_average([], [])


# -- Part 3 -----------------------------------------------------------------------------------


def distance(state, _inputs, targets):
    """Half the mean squared distance between the scalar `t` and the targets."""
    return (state["t"] - targets).square().mean() / 2


def classify(state, inputs, targets):
    """Mean cross-entropy of a network with one hidden layer, which is smooth."""
    hidden = torch.tanh(inputs @ state["first.weight"].T + state["first.bias"])
    logits = hidden @ state["second.weight"].T + state["second.bias"]
    return functional.cross_entropy(logits, targets)


def classify_rows(state, inputs, targets):
    """The same, of one row or more."""
    if not len(inputs):
        raise ValueError("a mean over no rows")
    return classify(state, inputs, targets)


def network(rng, widths, *, device, dtype=torch.float64):
    inputs, hidden, outputs = widths
    return {
        "first.weight": normal(rng, hidden, inputs, device=device, dtype=dtype) / inputs**0.5,
        "first.bias": normal(rng, hidden, device=device, dtype=dtype) / 4,
        "second.weight": normal(rng, outputs, hidden, device=device, dtype=dtype) / hidden**0.5,
        "second.bias": normal(rng, outputs, device=device, dtype=dtype) / 4,
    }


def data(rng, rows, *, device, dtype=torch.float64):
    targets = torch.tensor(rng.integers(0, 3, rows), device=device)
    return normal(rng, rows, 5, device=device, dtype=dtype), targets


def some_batches(rng, rows, steps, device):
    """Batches of different lengths, which may hold a row twice."""
    sizes = [2 + step % 3 for step in range(steps)]
    return [torch.tensor(rng.integers(0, rows, size), device=device) for size in sizes]


def sgd(state, inputs, targets, batches, lr, proximal=0.0):
    """Gradient descent on the loss and the proximal term, both by autograd, in float64."""
    start = {name: tensor.double() for name, tensor in state.items()}
    now, inputs = start, inputs.double()
    for rows in batches:
        leaves = {name: tensor.clone().requires_grad_() for name, tensor in now.items()}
        away = sum((leaf - start[name]).square().sum() for name, leaf in leaves.items())
        objective = classify(leaves, inputs[rows], targets[rows]) + proximal / 2 * away
        gradients = torch.autograd.grad(objective, list(leaves.values()))
        pairs = zip(now.items(), gradients, strict=True)
        now = {name: value - lr * gradient for (name, value), gradient in pairs}
    return {name: tensor.to(state[name].dtype) for name, tensor in now.items()}


def train_and_overwrite(kata, state, inputs, targets, batches, loss):
    for tensor in kata.client_update(state, inputs, targets, batches, 0.3, loss, 0.2).values():
        tensor.fill_(7)
    return state, inputs, targets, batches


@part("Local training", points=1)
class TestClient:
    def test_one_step_by_hand(self, kata, device):
        """A step is the state minus the rate times the gradient of the batch's mean loss."""
        state = {"t": torch.tensor(4.0, device=device)}
        targets = torch.tensor([10.0, 7.0, 1.0], device=device)
        rows = torch.tensor([0, 1], device=device)
        for lr, expected in [(0.1, 4.45), (0.4, 5.8)]:
            got = kata.client_update(state, targets, targets, [rows], lr, distance)
            assert_close(got, {"t": torch.tensor(expected, device=device)})

    @DTYPES
    @pytest.mark.parametrize("proximal", [0.0, 0.4, 1.5])
    def test_several_steps(self, kata, rng, device, dtype, proximal):
        """Every batch is a step down the loss plus half `proximal` times the squared distance."""
        state = network(rng, (5, 4, 3), device=device, dtype=dtype)
        inputs, targets = data(rng, 12, device=device, dtype=dtype)
        batches = some_batches(rng, 12, 6, device)
        got = kata.client_update(state, inputs, targets, batches, 0.3, classify, proximal=proximal)
        assert_close(got, sgd(state, inputs, targets, batches, 0.3, proximal))

    def test_no_pull_by_default(self, kata, rng, device):
        """Without `proximal` it is plain gradient descent."""
        state = network(rng, (5, 4, 3), device=device)
        inputs, targets = data(rng, 12, device=device)
        batches = some_batches(rng, 12, 4, device)
        got = kata.client_update(state, inputs, targets, batches, 0.2, classify)
        assert_close(got, sgd(state, inputs, targets, batches, 0.2))

    @pytest.mark.parametrize(("proximal", "expected"), [(1.0, 7.0), (2.0, 6.0), (0.5, 8.0)])
    def test_where_the_pull_ends(self, kata, device, proximal, expected):
        """The pull is towards the state at the start: from 4, with a target of 10, it settles."""
        state = {"t": torch.tensor(4.0, dtype=torch.float64, device=device)}
        targets = torch.tensor([10.0], dtype=torch.float64, device=device)
        rows = [torch.tensor([0], device=device)] * 50
        got = kata.client_update(state, targets, targets, rows, 0.3, distance, proximal)
        assert_close(got, {"t": torch.tensor(expected, dtype=torch.float64, device=device)})

    @pytest.mark.parametrize("proximal", [0.0, 0.8])
    def test_what_is_not_trained_stays(self, kata, rng, device, proximal):
        """Integer entries, and those on which the loss does not depend, stay exactly."""
        state = network(rng, (5, 4, 3), device=device)
        inputs, targets = data(rng, 12, device=device)
        batches = some_batches(rng, 12, 3, device)
        more = {
            "batches": torch.tensor(41, device=device),
            "running_mean": normal(rng, 4, device=device),
            "frozen": torch.tensor([True, False], device=device),
        }
        got = kata.client_update(
            more | state, inputs, targets, batches, 0.3, classify, proximal=proximal
        )
        assert_close(got, more | sgd(state, inputs, targets, batches, 0.3, proximal))
        assert_equal({name: got[name] for name in more}, more)

    def test_no_batches(self, kata, rng, device):
        """Without batches the state comes back as it was."""
        state = network(rng, (5, 4, 3), device=device)
        inputs, targets = data(rng, 12, device=device)
        assert_equal(kata.client_update(state, inputs, targets, [], 0.3, classify), state)

    @pytest.mark.parametrize("steps", [0, 3])
    def test_leaves_its_arguments_alone(self, kata, rng, device, steps):
        """Neither training nor writing to the result changes the global state or the data."""
        state = network(rng, (5, 4, 3), device=device) | {"n": torch.tensor([3], device=device)}
        arguments = (state, *data(rng, 12, device=device), some_batches(rng, 12, steps, device))
        assert_equal(kata.run(train_and_overwrite, *arguments, classify), arguments)

    @bad(proximal=[-0.25, math.nan])
    def test_refuses(self, kata, rng, device, name, value):
        """A negative `proximal` is a ValueError that holds its name and its value."""
        state = network(rng, (5, 4, 3), device=device)
        inputs, targets = data(rng, 12, device=device)
        batches = some_batches(rng, 12, 2, device)
        with refuses(name, value):
            kata.client_update(state, inputs, targets, batches, 0.3, classify, **{name: value})


# -- Part 4 -----------------------------------------------------------------------------------

KINDS = ("average", "momentum", "adagrad", "adam", "yogi")
each_kind = pytest.mark.parametrize("kind", KINDS)


def serve(kata, state, averages, options):
    """The global states after each of several rounds."""
    memory, states = {}, []
    for average in averages:
        state, memory = kata.server_update(state, average, memory, **options)
        states.append(state)
    return states


def serve_twice(kata, state, averages, options):
    """Two calls with the same arguments, and these; results and memory are overwritten."""
    first, second = averages
    state, memory = kata.server_update(state, first, {}, **options)
    answers = []
    for _ in range(2):
        moved, later = kata.server_update(state, second, memory, **options)
        answers.append({name: tensor.clone() for name, tensor in moved.items()})
        for tensor in moved.values():
            tensor.fill_(7)
        later.clear()
    return answers, averages


def optimise(values, averages, kind, lr=1.0, momentum=0.9, decay=0.99, tau=1e-3):
    """The formulas of the statement, number by number."""
    values, rounds = list(values), []
    m, v = [0.0] * len(values), [tau**2] * len(values)
    for average in averages:
        for i, target in enumerate(average):
            d = target - values[i]
            m[i] = momentum * m[i] + (d if kind == "momentum" else (1 - momentum) * d)
            if kind == "adagrad":
                v[i] = v[i] + d**2
            elif kind == "adam":
                v[i] = decay * v[i] + (1 - decay) * d**2
            elif kind == "yogi":
                sign = (v[i] > d**2) - (v[i] < d**2)
                v[i] = v[i] - (1 - decay) * d**2 * sign
            plain = {"average": d, "momentum": m[i]}
            values[i] += lr * plain.get(kind, m[i] / (math.sqrt(v[i]) + tau))
        rounds.append(list(values))
    return rounds


def server_case(rng, rounds, *, device, dtype=torch.float64):
    """A state, the averages of some rounds, and a function that computes what is expected."""
    state = {"w": normal(rng, 2, 3, device=device, dtype=dtype)}
    state["b"] = normal(rng, 4, device=device, dtype=dtype)
    averages = [
        {name: normal(rng, *t.shape, device=device, dtype=dtype) for name, t in state.items()}
        for _ in range(rounds)
    ]

    def expected(kind, **options):
        columns = {
            name: optimise(
                state[name].flatten().tolist(),
                [average[name].flatten().tolist() for average in averages],
                kind,
                **options,
            )
            for name in state
        }
        return [
            {
                name: torch.tensor(column[t], dtype=dtype, device=device).reshape(state[name].shape)
                for name, column in columns.items()
            }
            for t in range(rounds)
        ]

    return state, averages, expected


@part("Server optimisers", points=1)
class TestServer:
    def test_plain_average(self, kata, rng, device):
        """The plain server takes the average, or goes part of the way to it."""
        state, averages, _ = server_case(rng, 1, device=device)
        assert_close(kata.run(serve, state, averages, {}), averages)
        midway = {name: (state[name] + averages[0][name]) / 2 for name in state}
        assert_close(kata.run(serve, state, averages, {"lr": 0.5}), [midway])

    def test_momentum_by_hand(self, kata, device):
        """Momentum gathers the drift of the rounds, not the weights."""
        state = {"t": torch.tensor([5.0], device=device)}
        averages = [{"t": torch.tensor([value], device=device)} for value in (7.0, 7.0)]
        options = {"kind": "momentum", "momentum": 0.5}
        # Drifts 2 and 0; buffers 2 and 1.
        expected = [{"t": torch.tensor([value], device=device)} for value in (7.0, 8.0)]
        assert_close(kata.run(serve, state, averages, options), expected)

    @pytest.mark.parametrize(
        ("kind", "second"), [("adagrad", 4.01), ("adam", 0.0499), ("yogi", 0.05)]
    )
    def test_adaptive_by_hand(self, kata, device, kind, second):
        """A first step is a tenth of the drift, divided by the root of `v` plus `tau`."""
        # The drift is 2 and `v` starts at 0.01.
        state = {"t": torch.tensor([5.0], dtype=torch.float64, device=device)}
        average = {"t": torch.tensor([7.0], dtype=torch.float64, device=device)}
        got = kata.run(serve, state, [average], {"kind": kind, "tau": 0.1})
        expected = 5 + 0.2 / (math.sqrt(second) + 0.1)
        assert_close(got, [{"t": torch.tensor([expected], dtype=torch.float64, device=device)}])

    @DTYPES
    @each_kind
    def test_several_rounds(self, kata, rng, device, dtype, kind):
        """Over several rounds the moments build up as the formulas say."""
        state, averages, expected = server_case(rng, 4, device=device, dtype=dtype)
        options = {"lr": 0.3, "momentum": 0.6, "decay": 0.8, "tau": 0.05}
        got = kata.run(serve, state, averages, options | {"kind": kind})
        assert_close(got, expected(kind, **options))

    @each_kind
    def test_without_a_past(self, kata, rng, device, kind):
        """Momentum and decay may be 0: then only the last drift counts."""
        state, averages, expected = server_case(rng, 2, device=device)
        for options in ({"momentum": 0.0}, {"decay": 0.0}, {"momentum": 0.0, "decay": 0.0}):
            got = kata.run(serve, state, averages, options | {"kind": kind})
            assert_close(got, expected(kind, **options))

    @each_kind
    def test_defaults(self, kata, rng, device, kind):
        """By default lr is 1, momentum 0.9, decay 0.99 and tau 0.001."""
        state, averages, expected = server_case(rng, 3, device=device)
        got = kata.run(serve, state, averages, {"kind": kind})
        assert_close(got, expected(kind))

    @each_kind
    def test_a_drift_of_zero(self, kata, rng, device, kind):
        """Where the clients agree with the server nothing moves, and nothing is divided by 0."""
        state, _, _ = server_case(rng, 0, device=device)
        assert_close(kata.run(serve, state, [state, state], {"kind": kind}), [state, state])

    def test_yogi_where_the_moment_fits(self, kata, device):
        """Yogi leaves the second moment alone where it equals the squared drift."""
        state = {"t": torch.tensor([5.0], dtype=torch.float64, device=device)}
        average = {"t": torch.tensor([5.5], dtype=torch.float64, device=device)}
        got = kata.run(serve, state, [average], {"kind": "yogi", "tau": 0.5, "momentum": 0.0})
        assert_close(got, [average])

    @each_kind
    def test_integers_are_not_optimised(self, kata, device, kind):
        """Integer entries are taken from the average as they are."""
        state = {"n": torch.tensor(3, device=device), "t": torch.tensor([5.0], device=device)}
        averages = [state | {"n": torch.tensor(n, device=device)} for n in (11, 2**60 + 1)]
        assert_equal(kata.run(serve, state, averages, {"kind": kind}), averages)

    @each_kind
    def test_all_of_the_past_is_in_the_memory(self, kata, rng, device, kind):
        """The same arguments give the same result twice, and stay as they are."""
        state, averages, expected = server_case(rng, 2, device=device)
        for number, entries in enumerate((state, *averages)):
            entries["n"] = torch.tensor([number], device=device)
        got = kata.run(serve_twice, state, averages, {"kind": kind})
        del state["n"]
        wanted = (expected(kind)[1] if kind in KINDS else {}) | {"n": averages[1]["n"]}
        assert_close(got, ([wanted, wanted], averages))

    @bad(
        kind=["Adam", "sgd", ""],
        momentum=[-0.1, 1.0, math.nan],
        decay=[-0.1, 1.0, math.nan],
        tau=[0.0, -0.1, math.nan, math.inf],
    )
    def test_refuses(self, kata, rng, device, name, value):
        """A bad option is a ValueError that holds its name and its value."""
        state, averages, _ = server_case(rng, 1, device=device)
        with refuses(name, value):
            kata.run(serve, state, averages, {"kind": "adam"} | {name: value})

    @pytest.mark.parametrize("case", range(4))
    def test_refuses_an_average_that_differs(self, kata, rng, device, case):
        """An average that differs in a name or a shape is a ValueError that says which."""
        states = random_states(rng, 2, device=device)
        average, value = list(misfits(states))[case]
        with refuses("average", value):
            kata.run(serve, states[0], [average], {})


# -- Part 5 -----------------------------------------------------------------------------------


def assert_plan(plan, sizes, rounds, participants, epochs, batch_size):
    """Judge a plan's form: participants, epochs, batches."""
    assert isinstance(plan, list), f"expected a list of dicts, got {type(plan).__name__}"
    assert len(plan) == rounds, f"expected {rounds} rounds, got {len(plan)}"
    for batches in plan:
        assert isinstance(batches, dict), f"expected a dict, got {type(batches).__name__}"
        assert all(type(client) is int for client in batches), "clients are numbered by int"
        assert len(batches) == participants, (
            f"expected {participants} participants in each round, got {len(batches)}"
        )
        for client, own in batches.items():
            size = sizes[client] if 0 <= client < len(sizes) else 0
            assert size, f"client {client} has no rows, or does not exist"
            assert isinstance(own, list), f"expected a list of batches, got {type(own).__name__}"
            lengths = [min(batch_size, size - at) for at in range(0, size, batch_size)] * epochs
            assert len(own) == len(lengths), f"expected {len(lengths)} batches, got {len(own)}"
            for batch, length in zip(own, lengths, strict=True):
                assert_tensor(batch, shape=(length,), dtype=torch.int64)
            for rows in torch.cat(own).split(size):
                assert_equal(rows.sort().values, torch.arange(size))


def full(clients, rounds=1):
    """A plan in which every client takes one step on all its rows in each round."""
    each = {k: [torch.arange(len(inputs))] for k, (inputs, _) in enumerate(clients)}
    return [each] * rounds


def objective(state, clients):
    """Mean loss over all rows, row by row of which client they are."""
    inputs = torch.cat([inputs for inputs, _ in clients])
    targets = torch.cat([targets for _, targets in clients])
    return classify(state, inputs, targets).item()


def federate(state, clients, plan, lr, proximal=0.0):
    """Rounds of FedAvg from the pieces that earlier parts are judged by."""
    history = []
    for batches in plan:
        if batches:
            trained = [sgd(state, *clients[k], own, lr, proximal) for k, own in batches.items()]
            state = weighted(trained, [len(clients[k][0]) for k in batches])
        history.append(objective(state, clients))
    return state, history


def run_and_overwrite(kata, state, clients, plan, loss):
    for tensor in kata.run_rounds(state, clients, plan, 0.3, loss)[0].values():
        tensor.fill_(7)
    return state, clients, plan


def federation(rng, sizes, *, device):
    state = network(rng, (5, 4, 3), device=device)
    return state, [data(rng, size, device=device) for size in sizes]


def two_scalar_clients(device):
    options = {"dtype": torch.float64, "device": device}
    values = [torch.tensor([0.0], **options), torch.tensor([10.0] * 3, **options)]
    return {"t": torch.tensor(4.0, **options)}, [(value, value) for value in values]


@part("Rounds", points=1)
class TestRounds:
    @pytest.mark.parametrize(
        ("fraction", "participants"), [(0.0, 1), (0.3, 2), (0.5, 2), (0.7, 4), (0.95, 5), (1, 5)]
    )
    def test_participants_of_a_plan(self, kata, rng, fraction, participants):
        """Of `k` clients with rows `round(fraction * k)` take part, but at least one."""
        sizes = [4, 0, 1, 7, 3, 5]
        plan = kata.make_plan(sizes, 6, fraction, 2, 3, generator(rng))
        assert_plan(plan, sizes, 6, participants, 2, 3)

    @pytest.mark.parametrize(("epochs", "batch_size"), [(1, 4), (3, 1), (2, 5), (2, 50)])
    def test_batches_of_a_plan(self, kata, rng, epochs, batch_size):
        """In each epoch every row is in one batch; only the last batch may be smaller."""
        sizes = [10, 3, 12]
        plan = kata.make_plan(sizes, 3, 1.0, epochs, batch_size, generator(rng))
        assert_plan(plan, sizes, 3, 3, epochs, batch_size)

    def test_participants_are_drawn_anew(self, kata, rng):
        """Every client with rows takes part equally often, in changing company."""
        # 400 rounds, two of four: each 200 times, within six standard deviations (4e-9);
        # each of the 6 pairs 67 times, within seven.
        sizes = [2, 3, 0, 1, 9]
        plan = kata.make_plan(sizes, 400, 0.5, 1, 8, generator(rng))
        assert_plan(plan, sizes, 400, 2, 1, 8)
        for client in (0, 1, 3, 4):
            assert_between(sum(client in batches for batches in plan), 140, 260)
        for pair in itertools.combinations((0, 1, 3, 4), 2):
            assert_between(sum(set(pair) == set(batches) for batches in plan), 14, 120)

    def test_rows_are_shuffled_anew(self, kata, rng):
        """Rows come in another order in each epoch, each round and for each client."""
        # Two orders of 30 rows are equal with a probability of 1e-32.
        plan = kata.make_plan([30, 30], 2, 1.0, 2, 7, generator(rng))
        assert_plan(plan, [30, 30], 2, 2, 2, 7)
        orders = [rows for batches in plan for own in batches.values() for rows in own]
        orders = torch.cat(orders).reshape(-1, 30).tolist()
        assert len({tuple(rows) for rows in [*orders, range(30)]}) == 9, "an order is repeated"

    def test_the_generator_decides(self, kata, rng):
        """All randomness comes from the generator: the same one, the same plan."""
        seed = int(rng.integers(2**32))
        plans = [
            kata.make_plan([9, 20, 14], 3, 0.7, 1, 4, np.random.default_rng(number))
            for number in (seed, seed, seed + 1)
        ]
        for plan in plans:
            assert_plan(plan, [9, 20, 14], 3, 2, 1, 4)
        assert_equal(plans[0], plans[1])
        flat = [
            [(k, [b.tolist() for b in own]) for p in plan for k, own in p.items()]
            for plan in (plans[0], plans[2])
        ]
        assert flat[0] != flat[1], "another generator gave the same plan"

    def test_no_rounds(self, kata, rng, device):
        """Without rounds the plan is empty, and the state comes back as it was."""
        assert_equal(kata.make_plan([4, 2], 0, 0.5, 1, 8, generator(rng)), [])
        state, clients = federation(rng, [4, 2], device=device)
        assert_equal(kata.run_rounds(state, clients, [], 0.3, classify), (state, []))

    def test_one_step_is_the_central_step(self, kata, device):
        """Clients 0 and 10, 10, 10 move 4 to 4.35 at a rate of 0.1, as one machine would."""
        state, clients = two_scalar_clients(device)
        expected = torch.tensor(4.35, dtype=torch.float64, device=device)
        loss = (4.35**2 / 2 + 3 * 5.65**2 / 2) / 4
        got = kata.run_rounds(state, clients, full(clients), 0.1, distance)
        assert_close(got, ({"t": expected}, [loss]))

    def test_full_batches_are_gradient_descent(self, kata, rng, device):
        """With one step on all rows each, rounds equal gradient descent on the pooled rows."""
        state, clients = federation(rng, [7, 2, 5], device=device)
        pooled = tuple(torch.cat(tensors) for tensors in zip(*clients, strict=True))
        central = [sgd(state, *pooled, [torch.arange(14)] * t, 0.4) for t in range(1, 5)]
        got = kata.run_rounds(state, clients, full(clients, 4), 0.4, classify)
        assert_close(got, (central[-1], [objective(moved, clients) for moved in central]))

    @pytest.mark.parametrize("proximal", [0.0, 0.5])
    def test_several_steps(self, kata, rng, device, proximal):
        """Participants start from the global state and count by all their rows, not by batches."""
        state, clients = federation(rng, [9, 4, 12, 6], device=device)
        plan = [
            {k: some_batches(rng, len(clients[k][0]), steps, device) for k, steps in chosen}
            for chosen in ([(0, 3), (2, 1)], [(3, 2), (1, 5), (2, 2)], [(1, 4)])
        ]
        got = kata.run_rounds(state, clients, plan, 0.3, classify, proximal=proximal)
        assert_close(got, federate(state, clients, plan, 0.3, proximal))

    def test_order_does_not_matter(self, kata, rng, device):
        """The clients' order, in the list and in the plan, changes nothing."""
        state, clients = federation(rng, [9, 4, 12], device=device)
        plan = [
            {k: some_batches(rng, len(clients[k][0]), 3, device) for k in range(3)}
            for _ in range(2)
        ]
        backwards = [{2 - k: batches[k] for k in (2, 0, 1)} for batches in plan]
        expected = federate(state, clients, plan, 0.3)
        assert_close(kata.run_rounds(state, clients, plan, 0.3, classify), expected)
        got = kata.run_rounds(state, clients[::-1], backwards, 0.3, classify)
        assert_close(got, expected)

    @pytest.mark.parametrize(
        ("kind", "server_lr"), [("average", 0.5), ("momentum", 0.4), ("adam", 0.05), ("yogi", 0.1)]
    )
    def test_the_server_remembers(self, kata, device, kind, server_lr):
        """The server's optimiser keeps its memory from round to round."""
        state, clients = two_scalar_clients(device)
        value, averages = 4.0, []
        for _ in range(4):
            averages.append([value + 0.1 * (7.5 - value)])
            value = optimise([4.0], averages, kind, server_lr)[-1][0]
        plan = [*full(clients, 2), {}, *full(clients, 2)]
        options = {"kind": kind, "server_lr": server_lr}
        got, _ = self.pair(kata.run_rounds(state, clients, plan, 0.1, distance, **options))
        assert_close(got, {"t": torch.tensor(value, dtype=torch.float64, device=device)})

    def pair(self, got):
        assert isinstance(got, tuple), "expected a pair: the state and the history"
        assert len(got) == 2, "expected a pair: the state and the history"
        return got

    def test_who_is_not_there(self, kata, rng, device):
        """A round without participants changes nothing; who has no rows does not count."""
        state, clients = federation(rng, [6, 0, 5], device=device)
        plan = [{}, {2: some_batches(rng, 5, 2, device)}, {}]
        expected = federate(state, clients, plan, 0.3)
        assert_close(kata.run_rounds(state, clients, plan, 0.3, classify), expected)
        for kind in ("momentum", "adam"):
            got = kata.run_rounds(state, clients, [{}, {}], 0.3, classify, kind=kind)
            assert_close(got, (state, [objective(state, clients)] * 2))

    @pytest.mark.parametrize("rounds", [0, 2])
    def test_leaves_its_arguments_alone(self, kata, rng, device, rounds):
        """Neither training nor writing to the result changes what came in."""
        state, clients = federation(rng, [6, 5], device=device)
        state["n"] = torch.tensor([3], device=device)
        arguments = (state, clients, full(clients, rounds))
        assert_equal(kata.run(run_and_overwrite, *arguments, classify), arguments)

    @bad(
        rounds=[-1],
        fraction=[-0.1, 1.1, math.nan],
        epochs=[0, -2],
        batch_size=[0, -3],
        sizes=[[], [0, 0]],
    )
    def test_refuses(self, kata, rng, name, value):
        """A bad argument of a plan is a ValueError that holds its name and its value."""
        options = {"sizes": [3, 4], "rounds": 2, "fraction": 0.5, "epochs": 1, "batch_size": 2}
        with refuses(name, value):
            kata.make_plan(**options | {name: value}, generator=generator(rng))

    def test_digits(self, kata, rng, device):
        """Ten clients with classes of their own learn to read 75 % of new digits."""
        # Thirty random starts gave 0.87 to 0.94.
        pixels, digits = load_digits(return_X_y=True)
        order = rng.permutation(len(digits))
        inputs = torch.tensor(pixels[order] / 16, dtype=torch.float32, device=device)
        targets = torch.tensor(digits[order], device=device)
        owners = np.empty(1400, dtype=int)
        for digit in range(10):
            rows = np.flatnonzero(digits[order[:1400]] == digit)
            owners[rows] = rng.choice(10, len(rows), p=rng.dirichlet([0.5] * 10))
        rows = [np.flatnonzero(owners == client) for client in range(10)]
        clients = [(inputs[own], targets[own]) for own in rows]
        plan = [
            {
                client: [
                    torch.tensor(piece)
                    for _ in range(2)
                    for piece in np.array_split(rng.permutation(len(own)), -(-len(own) // 32))
                ]
                for client, own in enumerate(rows)
                if len(own)
            }
            for _ in range(8)
        ]
        state = network(rng, (64, 48, 10), device=device, dtype=torch.float32)
        got, history = self.pair(kata.run_rounds(state, clients, plan, 0.3, classify))
        assert_equal(
            {k: tuple(t.shape) for k, t in got.items()},
            {k: tuple(t.shape) for k, t in state.items()},
        )
        assert_equal(len(history), 8)
        hidden = torch.tanh(inputs[1400:] @ got["first.weight"].T + got["first.bias"])
        answers = (hidden @ got["second.weight"].T + got["second.bias"]).argmax(1)
        assert_between((answers == targets[1400:]).double().mean().item(), 0.75, 1)


# -- Part 6 -----------------------------------------------------------------------------------


def secret(rng):
    """128 random bits."""
    high, low = rng.integers(2**63, size=2).tolist()
    return high << 65 | low << 2 | 3


def pair_seeds(rng, clients):
    """For each client the seeds that it shares with each other one."""
    seeds = {client: {} for client in clients}
    for a, b in itertools.combinations(clients, 2):
        seeds[a][b] = seeds[b][a] = secret(rng)
    return seeds


def fixed(update, bits):
    """Fixed-point numbers, by Python's exact integers."""
    scaled = [round(value * 2**bits) for value in update.double().flatten().tolist()]
    return torch.tensor(scaled, dtype=torch.int64, device=update.device).reshape(update.shape)


def wrapped(numbers):
    """Integers modulo 2**32, as int32."""
    return ((numbers + 2**31) % 2**32 - 2**31).to(torch.int32)


def mask_and_return(kata, update, seeds):
    kata.mask_update(update, 0, seeds).fill_(7)
    return update, seeds


def unmask_and_return(kata, masked, revealed):
    kata.unmask_sum(masked, revealed).fill_(7)
    return masked, revealed


def byte_counts(words):
    """How often each byte occurs in each of the four places of an int32, (4, 256)."""
    unsigned = words.flatten().long() % 2**32
    return torch.stack([torch.bincount(unsigned >> s & 255, minlength=256) for s in (0, 8, 16, 24)])


@part("Secure aggregation", points=2)
class TestSecure:
    def mask_all(self, kata, updates, seeds, **options):
        masked = {}
        for client, update in updates.items():
            masked[client] = kata.mask_update(update, client, seeds[client], **options)
            assert_tensor(
                masked[client], shape=update.shape, dtype=torch.int32, device=update.device
            )
        return masked

    @DTYPES
    @pytest.mark.parametrize("bits", [16, 10, 0])
    def test_the_sum_is_exact(self, kata, rng, device, dtype, bits):
        """Masks cancel: the sum over all clients is that of the rounded updates, exactly."""
        clients = [4, 0, 7, 2]
        seeds = pair_seeds(rng, clients)
        updates = {c: 100 * normal(rng, 3, 5, device=device, dtype=dtype) for c in clients}
        masked = self.mask_all(kata, updates, seeds, bits=bits)
        expected = sum(fixed(update, bits) for update in updates.values()).double() / 2**bits
        assert_equal(kata.unmask_sum(masked, {}, bits=bits), expected)

    def test_sixteen_places_by_default(self, kata, rng, device):
        """By default 16 binary places are kept, and a half is rounded to the even number."""
        seeds = pair_seeds(rng, [0, 1])
        halves = torch.tensor([0.5, 1.5, 2.5, -0.5, -1.5, 3.25], device=device) / 2**16
        updates = {0: halves, 1: torch.zeros_like(halves)}
        masked = self.mask_all(kata, updates, seeds)
        steps = torch.tensor([0.0, 2.0, 2.0, 0.0, -2.0, 3.0], device=device).double()
        assert_equal(kata.unmask_sum(masked, {}), steps / 2**16)

    def test_one_update_alone_is_noise(self, kata, rng, device):
        """Every byte of a masked update is as frequent as any other."""
        # Chi-square with 255 degrees of freedom leaves 120 to 440 with a probability of 1e-11.
        for seeds in ({3: secret(rng)}, {0: secret(rng), 5: secret(rng), 1: 12}):
            update = torch.full((40_000,), 1.25, device=device)
            masked = self.mask_all(kata, {2: update}, {2: seeds})[2]
            counts = byte_counts(masked).double()
            expected = 40_000 / 256
            chi_square = (counts - expected).square().sum(1) / expected
            assert_between(chi_square, 120, 440)

    def test_neighbouring_entries_are_unrelated(self, kata, rng, device):
        """The entries of a mask do not follow from one another."""
        # Products of signs of neighbours: 20,000 coins, within seven standard deviations.
        update = torch.zeros(20_001, device=device)
        masked = self.mask_all(kata, {0: update}, {0: {1: secret(rng)}})[0]
        signs = torch.where(masked < 0, -1, 1)
        for lag in (1, 2):
            assert_between((signs[lag:] * signs[:-lag]).sum().item(), -990, 990)

    def test_a_masked_update_is_the_update_plus_its_masks(self, kata, rng, device):
        """The mask does not depend on the update, and masks add up modulo 2**32."""
        update = 50 * normal(rng, 200, device=device)
        seeds = pair_seeds(rng, [0, 1, 2, 3])[1]
        alone = [
            kata.mask_update(torch.zeros_like(update), 1, {peer: seed})
            for peer, seed in seeds.items()
        ]
        for mask in alone:
            assert_tensor(mask, shape=(200,), dtype=torch.int32, device=device)
        expected = wrapped(fixed(update, 16) + sum(mask.long() for mask in alone))
        assert_equal(kata.mask_update(update, 1, seeds), expected)

    def test_a_mask_follows_from_the_seed_alone(self, kata, rng, device):
        """The lower number of a pair adds what the higher one takes off, whoever they are."""
        zeros, seed = torch.zeros(50, device=device), secret(rng)
        masks = self.mask_all(
            kata,
            {0: zeros, 1: zeros, 8: zeros, 9: zeros},
            {0: {5: seed}, 1: {9: seed}, 8: {2: seed}, 9: {1: seed}},
        )
        assert_equal(masks[0], masks[1])
        assert_equal(masks[8], masks[9])
        assert_equal(masks[8], wrapped(-masks[0].long()))

    def test_all_bits_of_a_seed_count(self, kata, rng, device):
        """Seeds that differ in any one of 128 bits, or in the order of words, share no mask."""
        seed = secret(rng)
        word = 2**32
        words = [seed // word**k % word for k in range(4)]
        others = [seed ^ 1 << bit for bit in (0, 31, 32, 63, 64, 96, 127)]
        others += [words[1] + words[0] * word + words[2] * word**2 + words[3] * word**3]
        others += [seed // word**2 + seed % word**2 * word**2, 0, 2**128 - 1]
        zeros = torch.zeros(500, device=device)
        mask = self.mask_all(kata, {0: zeros}, {0: {1: seed}})[0]
        for other in others:
            against = self.mask_all(kata, {0: zeros}, {0: {1: other}})[0]
            # Two unrelated masks agree in an entry once in 4 billion: two of 500, 1e-14.
            assert_between((mask == against).sum().item(), 0, 1)

    @pytest.mark.parametrize("dropped", [[3], [0, 4], [1, 2, 4], []])
    def test_clients_drop_out(self, kata, rng, device, dropped):
        """With the seeds of those who dropped out the sum of the others is exact."""
        everyone = range(5)
        seeds = pair_seeds(rng, everyone)
        updates = {client: 30 * normal(rng, 7, 3, device=device) for client in everyone}
        masked = self.mask_all(kata, updates, seeds, bits=12)
        delivered = {c: masked[c] for c in everyone if c not in dropped}
        expected = sum(fixed(updates[c], 12) for c in delivered).double() / 2**12
        revealed = {d: {c: seeds[d][c] for c in delivered} for d in dropped}
        assert_equal(kata.unmask_sum(delivered, revealed, bits=12), expected)
        # Seeds between two that dropped out may be among those revealed: no one used them.
        revealed = {d: seeds[d] for d in dropped}
        assert_equal(kata.unmask_sum(delivered, revealed, bits=12), expected)

    @pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0), (2, 3, 5)])
    def test_any_shape(self, kata, rng, device, shape):
        """An update may have any shape, and be empty."""
        seeds = pair_seeds(rng, [0, 1, 2])
        updates = {client: normal(rng, *shape, device=device) for client in seeds}
        masked = self.mask_all(kata, updates, seeds)
        expected = sum(fixed(update, 16) for update in updates.values()).double() / 2**16
        assert_equal(kata.unmask_sum(masked, {}), expected)

    def test_any_layout(self, kata, rng, device):
        """A transposed update is masked as it is seen, not as it lies in memory."""
        seeds = pair_seeds(rng, [0, 1])
        updates = {0: normal(rng, 4, 6, device=device), 1: normal(rng, 6, 4, device=device).T}
        masked = self.mask_all(kata, updates, seeds)
        expected = sum(fixed(update, 16) for update in updates.values()).double() / 2**16
        assert_equal(kata.unmask_sum(masked, {}), expected)

    @pytest.mark.parametrize("clients", [2, 3, 5])
    def test_as_large_as_the_sum_allows(self, kata, rng, device, clients):
        """Entries may be as large as the sum over all clients fits; more is refused."""
        largest = (2**31 - 1) // clients
        seeds = pair_seeds(rng, range(clients))
        update = torch.tensor([largest, -largest, 0], dtype=torch.float64, device=device) / 2**4
        masked = self.mask_all(kata, dict.fromkeys(range(clients), update), seeds, bits=4)
        assert_equal(kata.unmask_sum(masked, {}, bits=4), clients * update)
        for sign in (1, -1):
            update[1] = sign * (largest + 1) / 2**4
            with refuses("update", update[1].item()):
                kata.mask_update(update, 0, seeds[0], bits=4)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Neither function changes its arguments, nor returns memory that is theirs."""
        seeds = pair_seeds(rng, range(3))
        update = normal(rng, 5, device=device)
        assert_equal(kata.run(mask_and_return, update, seeds[0]), (update, seeds[0]))
        masked = {c: torch.tensor(rng.integers(-99, 99, 5), dtype=torch.int32) for c in (0, 1)}
        masked = {client: tensor.to(device) for client, tensor in masked.items()}
        arguments = (masked, {2: seeds[2]})
        assert_equal(kata.run(unmask_and_return, *arguments), arguments)

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 40000.0])
    def test_refuses_an_update(self, kata, rng, device, value):
        """An entry that is NaN, infinite or too large is a ValueError that holds it."""
        update = normal(rng, 6, device=device)
        update[4] = value
        with refuses("update", value):
            kata.mask_update(update, 0, {1: secret(rng)})

    def test_refuses_to_mask_without_peers(self, kata, rng, device):
        """Without a peer, or with oneself for one, the update would be sent in the clear."""
        update = normal(rng, 6, device=device)
        with refuses("seeds", {}):
            kata.mask_update(update, 0, {})
        with refuses("client", 2):
            kata.mask_update(update, 2, {1: 11, 2: 22})

    def test_refuses_to_unmask_one(self, kata, device):
        """A sum of fewer than two updates is a ValueError, and no secret is told."""
        update = torch.zeros(3, dtype=torch.int32, device=device)
        with refuses("masked", 1):
            kata.unmask_sum({0: update}, {1: {0: 5}})
        with refuses("masked", 0):
            kata.unmask_sum({}, {})

    def test_refuses_what_should_not_be_revealed(self, kata, device):
        """Seeds of a client that delivered would bare its update: a ValueError."""
        masked = dict.fromkeys((0, 1, 4), torch.zeros(3, dtype=torch.int32, device=device))
        with refuses("revealed", 4):
            kata.unmask_sum(masked, {7: {0: 1, 1: 2, 4: 3}, 4: {0: 1, 1: 2, 7: 3}})

    def test_refuses_a_missing_seed(self, kata, device):
        """If a seed with a client that delivered is missing, the masks cannot be taken off."""
        masked = dict.fromkeys((0, 1, 4), torch.zeros(3, dtype=torch.int32, device=device))
        with refuses("revealed", 7):
            kata.unmask_sum(masked, {3: {0: 1, 1: 2, 4: 3}, 7: {0: 1, 4: 2, 3: 4}})


# -- Part 7 -----------------------------------------------------------------------------------


def ring(kata, name, arguments):
    """Call a function on every rank, each a thread, with queues for pipes.

    Returns the results by rank, and all messages that each rank sent. A ring in which everyone
    waits is ended by an error in all of them.
    """
    import threading
    from collections import deque

    count = len(arguments)
    boxes = [deque() for _ in range(count)]
    sent = [[] for _ in range(count)]
    results, problems = [None] * count, []
    waiting, ended = set(), set()
    change = threading.Condition()

    def stuck():
        idle = (r in ended or (r in waiting and not boxes[r]) for r in range(count))
        return problems or all(idle)

    def work(rank):
        def send(message):
            copy = message.detach().clone()
            with change:
                boxes[(rank + 1) % count].append(copy)
                sent[rank].append(copy.clone())
                change.notify_all()

        def receive():
            with change:
                waiting.add(rank)
                while not boxes[rank]:
                    if stuck():
                        raise RuntimeError(f"rank {rank} waits for a message that no one sends")
                    change.wait()
                waiting.discard(rank)
                return boxes[rank].popleft()

        try:
            function = getattr(kata, name)
            results[rank] = function(rank, count, *arguments[rank], send=send, receive=receive)
        except BaseException as problem:
            problems.append(problem)
        finally:
            with change:
                ended.add(rank)
                change.notify_all()

    ranks = [threading.Thread(target=work, args=(r,), daemon=True) for r in range(count)]
    for thread in ranks:
        thread.start()
    for thread in ranks:
        thread.join()
    if problems:
        raise problems[0]
    return results, sent


def ring_and_overwrite(kata, run, name, arguments):
    for result in run(kata, name, arguments)[0]:
        for tensor in result.values() if isinstance(result, dict) else [result]:
            tensor.fill_(7)
    return arguments


def assert_answers(got, ranks, like):
    """Judge the form of what a ring brought, and that all ranks agree to the last bit."""
    results, sent = got
    for result in results:
        if isinstance(like, dict):
            assert isinstance(result, dict), f"expected a dict, got {type(result).__name__}"
            assert_equal(sorted(result), sorted(like))
            for name, tensor in like.items():
                assert_tensor(
                    result[name], shape=tensor.shape, dtype=tensor.dtype, device=tensor.device
                )
        else:
            assert_tensor(result, shape=like.shape, dtype=like.dtype, device=like.device)
        assert_equal(result, results[0])
    assert_equal(len(results), ranks)
    for messages in sent:
        assert_equal(len(messages), 2 * (ranks - 1))


def shards(rng, sizes, *, device):
    """Rows for each rank, and all of them together."""
    parts = [data(rng, size, device=device) for size in sizes]
    return parts, tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))


def gradient(state, inputs, targets):
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in state.items()}
    gradients = torch.autograd.grad(classify(leaves, inputs, targets), list(leaves.values()))
    return dict(zip(leaves, gradients, strict=True))


@part("Ring all-reduce", points=2)
class TestRing:
    @DTYPES
    @pytest.mark.parametrize(("ranks", "shape"), [(2, (6,)), (3, (4, 5)), (5, (13,)), (4, (2, 8))])
    def test_everyone_has_the_sum(self, kata, rng, device, dtype, ranks, shape):
        """On every rank the result is the sum of all ranks' tensors, the same to the last bit."""
        tensors = [normal(rng, *shape, device=device, dtype=dtype) for _ in range(ranks)]
        got = kata.run(ring, "ring_all_reduce", [(tensor,) for tensor in tensors])
        assert_answers(got, ranks, tensors[0])
        expected = sum(tensor.double() for tensor in tensors).to(dtype)
        assert_close(got[0], [expected] * ranks)

    @pytest.mark.parametrize(
        ("ranks", "entries"), [(2, 10), (2, 7), (3, 12), (4, 18), (5, 9), (5, 3), (3, 0)]
    )
    def test_messages_are_small(self, kata, rng, device, ranks, entries):
        """Each rank sends 2 (N - 1) messages of n / N entries, to within one."""
        tensors = [normal(rng, entries, device=device) for _ in range(ranks)]
        got = kata.run(ring, "ring_all_reduce", [(tensor,) for tensor in tensors])
        assert_answers(got, ranks, tensors[0])
        for messages in got[1]:
            for message in messages:
                assert_tensor(message, dtype=torch.float64, device=device)
                assert_equal(message.dim(), 1)
                assert_between(message.numel(), entries // ranks, -(-entries // ranks))
        assert_close(got[0], [sum(tensors)] * ranks)

    def test_integers(self, kata, rng, device):
        """Integers are summed exactly, in their own dtype."""
        tensors = [torch.tensor(rng.integers(-9, 9, (3, 3)), device=device) for _ in range(4)]
        tensors[2][1, 1] = 2**60 + 1
        got = kata.run(ring, "ring_all_reduce", [(tensor,) for tensor in tensors])
        assert_answers(got, 4, tensors[0])
        assert_equal(got[0], [sum(tensors)] * 4)

    def test_alone(self, kata, rng, device):
        """A ring of one sends nothing, and returns a copy."""
        tensor = normal(rng, 2, 3, device=device)
        assert_equal(kata.run(ring, "ring_all_reduce", [(tensor,)]), ([tensor], [[]]))

    def test_any_shape_and_layout(self, kata, rng, device):
        """Tensors may have no dimension, and lie in memory in another order on each rank."""
        for shape in [(), (1,), (2, 1, 3)]:
            tensors = [normal(rng, *shape, device=device) for _ in range(3)]
            got = kata.run(ring, "ring_all_reduce", [(tensor,) for tensor in tensors])
            assert_answers(got, 3, tensors[0])
            assert_close(got[0], [sum(tensors)] * 3)
        tensors = [normal(rng, 4, 6, device=device), normal(rng, 6, 4, device=device).T]
        for pair in (tensors, tensors[::-1]):
            got = kata.run(ring, "ring_all_reduce", [(tensor,) for tensor in pair])
            assert_answers(got, 2, tensors[0])
            assert_close(got[0], [sum(tensors)] * 2)

    @pytest.mark.parametrize("ranks", [1, 3])
    def test_leaves_its_arguments_alone(self, kata, rng, device, ranks):
        """Neither function changes its arguments, nor returns memory that is theirs."""
        arguments = [(normal(rng, 7, device=device),) for _ in range(ranks)]
        got = kata.run(ring_and_overwrite, ring, "ring_all_reduce", arguments)
        assert_equal(got, arguments)
        state = network(rng, (5, 4, 3), device=device)
        parts, _ = shards(rng, [4, 2, 3][:ranks], device=device)
        arguments = [(state, *rows, classify) for rows in parts]
        got = kata.run(ring_and_return_data, ring, arguments)
        assert_equal(got, [argument[:3] for argument in arguments])

    @pytest.mark.parametrize("sizes", [(4, 4), (5, 2, 7), (1, 9, 3, 2), (6,)])
    def test_gradients_equal_those_of_the_large_batch(self, kata, rng, device, sizes):
        """The gradients are those of the mean loss over all rows, however they are spread."""
        state = network(rng, (5, 4, 3), device=device)
        parts, pooled = shards(rng, sizes, device=device)
        arguments = [(state, *rows, classify) for rows in parts]
        got = kata.run(ring, "data_parallel_gradients", arguments)
        assert_answers(got, len(sizes), state)
        assert_close(got[0], [gradient(state, *pooled)] * len(sizes))

    @pytest.mark.parametrize("sizes", [(0, 5, 3), (4, 0, 0)])
    def test_a_rank_without_rows(self, kata, rng, device, sizes):
        """A rank that has no rows takes part, adds nothing, and does not call the loss."""
        state = network(rng, (5, 4, 3), device=device)
        parts, pooled = shards(rng, sizes, device=device)
        arguments = [(state, *rows, classify_rows) for rows in parts]
        got = kata.run(ring, "data_parallel_gradients", arguments)
        assert_answers(got, 3, state)
        assert_close(got[0], [gradient(state, *pooled)] * 3)

    def test_gradients_in_float32(self, kata, rng, device):
        """Gradients have the state's dtype."""
        state = network(rng, (5, 4, 3), device=device)
        parts, pooled = shards(rng, (5, 2), device=device)
        narrow = {name: tensor.float() for name, tensor in state.items()}
        arguments = [(narrow, rows.float(), targets, classify) for rows, targets in parts]
        got = kata.run(ring, "data_parallel_gradients", arguments)
        assert_answers(got, 2, narrow)
        expected = {name: g.float() for name, g in gradient(state, *pooled).items()}
        assert_close(got[0], [expected] * 2)

    def test_entries_that_the_loss_does_not_see(self, kata, rng, device):
        """Entries that are not used have a gradient of 0, integer entries none at all."""
        state = network(rng, (5, 4, 3), device=device)
        more = {"unused": normal(rng, 3, device=device), "n": torch.tensor(4, device=device)}
        parts, pooled = shards(rng, (5, 2), device=device)
        arguments = [(more | state, *rows, classify) for rows in parts]
        got = kata.run(ring, "data_parallel_gradients", arguments)
        expected = {"unused": torch.zeros_like(more["unused"])} | gradient(state, *pooled)
        assert_answers(got, 2, expected)
        assert_close(got[0], [expected] * 2)


def ring_and_return_data(kata, run, arguments):
    for gradients in run(kata, "data_parallel_gradients", arguments)[0]:
        for tensor in gradients.values():
            tensor.fill_(7)
    return [argument[:3] for argument in arguments]


# -- Part 8 -----------------------------------------------------------------------------------


def ascending(values):
    """Sorted, with NaN as infinity."""
    return sorted(math.inf if math.isnan(value) else value for value in values)


def middle(values):
    ranked = ascending(values)
    count = len(ranked)
    return (ranked[(count - 1) // 2] + ranked[count // 2]) / 2


def without_extremes(trim):
    def combine(values):
        cut = int(trim * len(values))
        left = ascending(values)[cut : len(values) - cut]
        return math.fsum(left) / len(left)

    return combine


def column(*values, device, dtype=torch.float64):
    """One client's state for each value."""
    return [{"w": torch.tensor([value], dtype=dtype, device=device)} for value in values]


def robust_and_overwrite(kata, states):
    for combined in (kata.coordinate_median(states), kata.trimmed_mean(states, 0.2)):
        for tensor in combined.values():
            tensor.fill_(7)
    return states


HOSTILE = (1e30, -1e30, math.inf, -math.inf, math.nan)


@part("Robust aggregation", points=1)
class TestRobust:
    def test_median_by_hand(self, kata, device):
        """The median is the middle value, or the mean of the two in the middle."""
        states = column(3.0, -1.0, 100.0, 4.0, 2.0, device=device)
        assert_close(kata.coordinate_median(states), states[0])
        (expected,) = column(2.5, device=device)
        assert_close(
            kata.coordinate_median(column(3.0, -50.0, 100.0, 2.0, device=device)), expected
        )

    def test_trimmed_mean_by_hand(self, kata, device):
        """`int(trim * k)` values go on each side, and the rest is averaged."""
        states = column(3.0, -1.0, 100.0, 4.0, 2.0, device=device)
        for trim, mean in [(0.0, 21.6), (0.19, 21.6), (0.2, 3.0), (0.39, 3.0), (0.4, 3.0)]:
            (expected,) = column(mean, device=device)
            assert_close(kata.trimmed_mean(states, trim), expected)
        (expected,) = column(2.0, device=device)
        states = column(3.0, -1.0, 100.0, 4.0, -70.0, 2.0, device=device)
        assert_close(kata.trimmed_mean(states, 0.3), expected)

    @DTYPES
    @pytest.mark.parametrize("clients", [1, 2, 3, 4, 5, 8, 13])
    def test_median_of_any_states(self, kata, rng, device, dtype, clients):
        """Every entry is the median of the clients' entries, on its own."""
        states = random_states(rng, clients, device=device, dtype=dtype)
        assert_close(kata.coordinate_median(states), entry_by_entry(states, middle))

    @DTYPES
    @pytest.mark.parametrize("clients", [1, 2, 4, 7, 12])
    @pytest.mark.parametrize("trim", [0.0, 0.12, 0.25, 0.49])
    def test_trimmed_mean_of_any_states(self, kata, rng, device, dtype, clients, trim):
        """Every entry is the mean without the extremes of that entry."""
        states = random_states(rng, clients, device=device, dtype=dtype)
        expected = entry_by_entry(states, without_extremes(trim))
        assert_close(kata.trimmed_mean(states, trim), expected)

    @pytest.mark.parametrize("value", HOSTILE)
    def test_a_hostile_minority(self, kata, rng, device, value):
        """Four of nine clients may send anything: the median stays among the honest."""
        states = random_states(rng, 9, device=device)
        for client in rng.permutation(9)[:4]:
            states[client] = {n: torch.full_like(t, value) for n, t in states[client].items()}
        assert_close(kata.coordinate_median(states), entry_by_entry(states, middle))
        expected = entry_by_entry(states, without_extremes(0.45))
        assert_close(kata.trimmed_mean(states, 0.45), expected)

    def test_hostile_clients_of_all_kinds(self, kata, rng, device):
        """NaN and infinities of both signs at once are cut off like any other extreme."""
        states = random_states(rng, 11, device=device)
        for client, value in zip(rng.permutation(11), HOSTILE, strict=False):
            states[client] = {n: torch.full_like(t, value) for n, t in states[client].items()}
        assert_close(kata.coordinate_median(states), entry_by_entry(states, middle))
        expected = entry_by_entry(states, without_extremes(0.3))
        assert_close(kata.trimmed_mean(states, 0.3), expected)

    def test_what_is_not_cut_off_counts(self, kata, device):
        """Infinity that is left in the middle stays what it is, and NaN becomes it."""
        for value, left in [(-math.inf, -math.inf), (math.inf, math.inf), (math.nan, math.inf)]:
            (expected,) = column(left, device=device)
            states = column(3.0, value, device=device)
            assert_equal(kata.coordinate_median(states), expected)
            states = column(3.0, value, 5.0, device=device)
            assert_equal(kata.trimmed_mean(states, 0.3), expected)

    @pytest.mark.parametrize("clients", [1, 2, 4, 5])
    def test_integers(self, kata, device, clients):
        """Integer and bool entries take the middle value, the lower of two, exactly."""
        numbers = [2**60 + 3, 2**60 + 1, -7, 2**62, 9][:clients]
        states = [
            {
                "n": torch.tensor(number, device=device),
                "seen": torch.tensor([number > 0, number < 0, number % 2 == 0], device=device),
            }
            for number in numbers
        ]
        place = (clients - 1) // 2
        seen = list(zip(*[(n > 0, n < 0, n % 2 == 0) for n in numbers], strict=True))
        expected = {
            "n": torch.tensor(sorted(numbers)[place], device=device),
            "seen": torch.tensor([sorted(flags)[place] for flags in seen], device=device),
        }
        assert_equal(kata.coordinate_median(states), expected)
        assert_equal(kata.trimmed_mean(states, 0.3), expected)

    def test_many_entries(self, kata, rng, device):
        """States may be large, empty, and lie in memory in any order."""
        states = [
            {
                "w": normal(rng, 130, 310, device=device, dtype=torch.float32).T,
                "none": normal(rng, 0, 3, device=device),
            }
            for _ in range(4)
        ]
        values = np.stack([state["w"].cpu().numpy() for state in states]).astype(np.float64)
        median = torch.tensor(np.median(values, axis=0), dtype=torch.float32, device=device)
        expected = {"w": median, "none": states[0]["none"]}
        assert_close(kata.coordinate_median(states), expected)
        assert_close(kata.trimmed_mean(states, 0.25), expected)

    @pytest.mark.parametrize("clients", [1, 4])
    def test_the_result_is_new(self, kata, rng, device, clients):
        """Neither combining nor writing to the result changes the clients' states."""
        states = random_states(rng, clients, device=device)
        for number, state in enumerate(states):
            state["batches"] = torch.tensor([number, 3], device=device)
        assert_equal(kata.run(robust_and_overwrite, states), states)

    @pytest.mark.parametrize("case", range(4))
    def test_refuses_states_that_differ(self, kata, rng, device, case):
        """States that differ in a name or a shape are a ValueError that says which."""
        states = random_states(rng, 3, device=device)
        states[2], value = list(misfits(states))[case]
        with refuses("states", value):
            kata.coordinate_median(states)
        with refuses("states", value):
            kata.trimmed_mean(states, 0.2)

    @bad(trim=[-0.1, 0.5, 0.7, math.nan])
    def test_refuses(self, kata, rng, device, name, value):
        """A share outside 0 to 0.5, or no states at all, are a ValueError."""
        with refuses(name, value):
            kata.trimmed_mean(random_states(rng, 3, device=device), value)
        with refuses("states", []):
            kata.trimmed_mean([], 0.2)
        with refuses("states", []):
            kata.coordinate_median([])
