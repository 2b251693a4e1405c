"""What 01_neural_network asks for, part by part.

Oracles: autograd and `torch.optim` for gradients and training, closed forms and brute force in
float64 for the rest.
"""

from __future__ import annotations

import itertools
import math
import os
import pickle
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from grader.testing import assert_between, assert_close, assert_equal, assert_tensor, part

DTYPES = [torch.float32, torch.float64]
DEPTHS = [(4, 3), (4, 6, 3), (5, 7, 6, 4)]


# -- inputs ---------------------------------------------------------------------------------------


def normal(rng, *shape, device, dtype=torch.float64):
    return torch.tensor(rng.normal(size=shape), dtype=dtype, device=device)


def labels(rng, n, classes, device):
    """Every class in turn, shuffled: none is missing when n >= classes."""
    return torch.tensor(rng.permutation(np.arange(n) % classes), device=device)


def network(rng, sizes, device, dtype=torch.float64):
    return [
        (
            normal(rng, a, b, device=device, dtype=dtype) / math.sqrt(a),
            normal(rng, b, device=device, dtype=dtype) / 2,
        )
        for a, b in itertools.pairwise(sizes)
    ]


def generator(rng, device):
    return torch.Generator(device).manual_seed(int(rng.integers(2**31)))


@pytest.fixture(scope="module")
def digits():
    """1797 scanned digits; imported here, where no submission's time is running."""
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


# -- probes: they run beside the submission -------------------------------------------------------


def without_autograd(kata, name, *args):
    with torch.inference_mode():
        return getattr(kata, name)(*args)


def arguments_after(kata, name, *args):
    getattr(kata, name)(*args)
    return args


def labels_after(kata, name, targets, *args):
    getattr(kata, name)(targets, *args)
    return targets


def global_randomness_around(kata, name, *args):
    before = torch.get_rng_state()
    getattr(kata, name)(*args)
    return before, torch.get_rng_state()


def twice_from_one_generator(kata, name, *args):
    return getattr(kata, name)(*args), getattr(kata, name)(*args)


# -- oracles --------------------------------------------------------------------------------------


def reference_logits(parameters, inputs):
    for weight, bias in parameters[:-1]:
        inputs = torch.relu(inputs @ weight + bias)
    weight, bias = parameters[-1]
    return inputs @ weight + bias


def reference_backward(parameters, inputs, targets, class_weights=None):
    """Loss and gradients by autograd in float64, cast back."""
    dtype = inputs.dtype
    leaves = [[t.double().requires_grad_() for t in layer] for layer in parameters]
    weights = None if class_weights is None else class_weights.double()
    loss = functional.cross_entropy(
        reference_logits(leaves, inputs.double()), targets, weight=weights
    )
    loss.backward()
    return loss.detach().to(dtype), [(w.grad.to(dtype), b.grad.to(dtype)) for w, b in leaves]


def reference_run(
    parameters,
    optimiser,
    inputs,
    targets,
    validation,
    orders,
    *,
    batch_size=64,
    learning_rate=1e-3,
    momentum=0.9,
    l1=0.0,
    l2=0.0,
    class_weights=None,
):
    """A state per epoch, by autograd and the functions behind `torch.optim`."""
    leaves = [[t.clone().requires_grad_() for t in layer] for layer in parameters]
    flat = [tensor for layer in leaves for tensor in layer]
    stepper = Stepper(optimiser, flat, learning_rate, momentum)
    states, train_losses, validation_losses = [], [], []
    for order in orders:
        total = 0.0
        for rows in order.split(batch_size):
            logits = reference_logits(leaves, inputs[rows])
            loss = functional.cross_entropy(logits, targets[rows], weight=class_weights)
            total += loss.item() * len(rows)
            for weight, _ in leaves:
                loss = loss + l1 * weight.abs().sum() + l2 / 2 * weight.square().sum()
            stepper.step(torch.autograd.grad(loss, flat))
        with torch.no_grad():
            logits = reference_logits(leaves, validation[0])
            judged = functional.cross_entropy(logits, validation[1], weight=class_weights)
        train_losses.append(total / len(order))
        validation_losses.append(judged.item())
        snapshot = [(w.detach().clone(), b.detach().clone()) for w, b in leaves]
        best = validation_losses.index(min(validation_losses))
        states.append(
            {
                "parameters": snapshot,
                "best_parameters": snapshot if best == len(states) else states[best]["parameters"],
                "train_losses": list(train_losses),
                "validation_losses": list(validation_losses),
                "stopped": False,
            }
        )
    return states


class Stepper:
    """`torch.optim`'s SGD and Adam without their classes, whose first use costs a second."""

    def __init__(self, optimiser, tensors, learning_rate, momentum):
        self.optimiser, self.tensors = optimiser, tensors
        self.learning_rate, self.momentum = learning_rate, momentum
        self.buffers = [None] * len(tensors)
        self.first = [torch.zeros_like(t) for t in tensors]
        self.second = [torch.zeros_like(t) for t in tensors]
        self.steps = [torch.tensor(0.0) for _ in tensors]

    def step(self, gradients):
        shared = {"weight_decay": 0.0, "lr": self.learning_rate, "maximize": False}
        with torch.no_grad():
            if self.optimiser == "sgd":
                sgd(
                    self.tensors,
                    list(gradients),
                    self.buffers,
                    momentum=self.momentum,
                    dampening=0.0,
                    nesterov=False,
                    foreach=False,
                    **shared,
                )
            else:
                adam(
                    self.tensors,
                    list(gradients),
                    self.first,
                    self.second,
                    [],
                    self.steps,
                    amsgrad=False,
                    beta1=0.9,
                    beta2=0.999,
                    eps=1e-8,
                    foreach=False,
                    **shared,
                )


# -- Part 1 ---------------------------------------------------------------------------------------


@part("Losses", points=1)
class TestLosses:
    @pytest.mark.parametrize("classes", [3, 10])
    def test_cross_entropy_of_no_opinion(self, kata, device, classes):
        """Equal logits over C classes cost ln C, whatever the target."""
        logits = torch.full((4, classes), 2.5, dtype=torch.float64, device=device)
        got = kata.cross_entropy(logits, torch.tensor([0, 1, 2, 2], device=device))
        assert_close(got, torch.tensor(math.log(classes), dtype=torch.float64, device=device))

    def test_cross_entropy_takes_logits(self, kata, device):
        """A logit of 50 on the true class costs nothing: softmax is applied once, not twice."""
        logits = 50 * torch.eye(10, dtype=torch.float64, device=device)
        got = kata.cross_entropy(logits, torch.arange(10, device=device))
        assert_tensor(got, shape=(), dtype=torch.float64, device=device)
        assert_between(got, 0, 1e-15)

    @pytest.mark.parametrize(("n", "dtype"), [(1, torch.float64), (7, torch.float32)])
    def test_cross_entropy_is_a_mean(self, kata, rng, device, n, dtype):
        """The loss is the mean over the rows, of shape () and in the dtype of the logits."""
        logits = 3 * normal(rng, n, 5, device=device, dtype=dtype) + 1
        targets = labels(rng, n, 5, device)
        expected = functional.cross_entropy(logits.double(), targets).to(dtype)
        assert_close(kata.run(without_autograd, "cross_entropy", logits, targets), expected)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_weighted_cross_entropy(self, kata, rng, device, dtype):
        """With class weights the sum is divided by the weights of the rows, not by their number."""
        logits = normal(rng, 9, 4, device=device, dtype=dtype)
        targets = labels(rng, 9, 4, device)
        weights = torch.tensor([0.3, 4.0, 1.7, 0.9], dtype=dtype, device=device)
        expected = functional.cross_entropy(logits.double(), targets, weight=weights.double())
        assert_close(kata.cross_entropy(logits, targets, weights), expected.to(dtype))

    def test_class_weights_of_another_dtype(self, kata, rng, device):
        """Float64 or whole-number class weights serve float32 logits; the loss stays float32."""
        logits = normal(rng, 8, 3, device=device, dtype=torch.float32)
        targets = labels(rng, 8, 3, device)
        for kind in (torch.float64, torch.int64):
            weights = torch.tensor([2, 5, 1], dtype=kind, device=device)
            expected = functional.cross_entropy(logits, targets, weight=weights.float())
            assert_close(kata.cross_entropy(logits, targets, weights), expected)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_cross_entropy_of_huge_logits(self, kata, device, dtype):
        """Logits of 1e4 and more neither overflow nor lose the loss."""
        rows = [[1e4, 0, -1e4], [1e4, 0, -1e4], [-3e4, -3e4, -5e4]]
        for row, target, loss in zip(rows, [1, 0, 1], [1e4, 0.0, math.log(2)], strict=True):
            logits = torch.tensor([row], dtype=dtype, device=device)
            got = kata.cross_entropy(logits, torch.tensor([target], device=device))
            assert_close(got, torch.tensor(loss, dtype=dtype, device=device))

    @pytest.mark.parametrize(
        ("shape", "dtype"), [((1,), torch.float32), ((6,), torch.float64), ((4, 3), torch.float32)]
    )
    def test_binary_log_loss(self, kata, rng, device, dtype, shape):
        """Binary log-loss is the mean of -(t log p + (1 - t) log(1 - p)), for soft targets too."""
        logits = 2 * normal(rng, *shape, device=device, dtype=dtype) - 0.5
        targets = torch.tensor(rng.uniform(0.1, 0.9, size=shape), dtype=dtype, device=device)
        z, t = logits.double(), targets.double()
        p = 1 / (1 + torch.exp(-z))
        expected = -(t * p.log() + (1 - t) * (1 - p).log()).mean().to(dtype)
        assert_close(kata.run(without_autograd, "binary_log_loss", logits, targets), expected)

    @pytest.mark.parametrize("kind", [torch.bool, torch.int64, torch.float64])
    def test_binary_targets_of_any_dtype(self, kata, device, kind):
        """Binary targets may be booleans, whole numbers or floats."""
        logits = torch.tensor([0.0, math.log(3), -math.log(4)], device=device)
        targets = torch.tensor([1, 0, 1], dtype=kind, device=device)
        expected = (math.log(2) + math.log(4) + math.log(5)) / 3
        assert_close(kata.binary_log_loss(logits, targets), torch.tensor(expected, device=device))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_binary_log_loss_of_huge_logits(self, kata, device, dtype):
        """Log-odds of 1e4, right or wrong, give a finite binary log-loss."""
        logits = torch.tensor([1e4, -1e4, 1e4, -1e4], dtype=dtype, device=device)
        targets = torch.tensor([1, 0, 0, 1], device=device)
        expected = torch.tensor(5e3, dtype=dtype, device=device)
        assert_close(kata.binary_log_loss(logits, targets), expected)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_hinge(self, kata, device, dtype):
        """Hinge loss asks for a margin of 1 and gives nothing for more."""
        scores = torch.tensor([[0.25, -2.0, 3.0], [-0.5, 1.0, 0.0]], dtype=dtype, device=device)
        expected = torch.tensor((0.75 + 3 + 0 + 0.5 + 2 + 1) / 6, dtype=dtype, device=device)
        for kind in (torch.int64, torch.float64):
            targets = torch.tensor([[1, 1, 1], [-1, -1, 1]], dtype=kind, device=device)
            assert_close(kata.run(without_autograd, "hinge", scores, targets), expected)

    @pytest.mark.parametrize(
        ("shape", "dtype"), [((1,), torch.float32), ((7,), torch.float32), ((3, 5), torch.float64)]
    )
    def test_mse(self, kata, rng, device, dtype, shape):
        """Mean squared error is the mean over all entries."""
        predictions = 3 * normal(rng, *shape, device=device, dtype=dtype)
        targets = normal(rng, *shape, device=device, dtype=dtype) + 2
        expected = np.mean((predictions.cpu().double() - targets.cpu().double()).numpy() ** 2)
        got = kata.run(without_autograd, "mse", predictions, targets)
        assert_close(got, torch.tensor(expected, dtype=dtype, device=device))

    @pytest.mark.parametrize(
        ("logits", "targets", "weights", "argument"),
        [
            (torch.zeros(3), torch.zeros(3, dtype=torch.int64), None, r"\blogits\b.*3"),
            (torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64), None, r"\blogits\b.*0, 3"),
            (torch.zeros(2, 3), torch.tensor([0, 1, 2]), None, r"\btargets\b.*3"),
            (torch.zeros(2, 3), torch.tensor([[0], [1]]), None, r"\btargets\b.*2, 1"),
            (torch.zeros(2, 3), torch.tensor([0.0, 1.0]), None, r"\btargets\b.*float32"),
            (torch.zeros(2, 3), torch.tensor([0, 3]), None, r"\btargets\b.*3"),
            (torch.zeros(2, 3), torch.tensor([-1, 0]), None, r"\btargets\b.*-1"),
            (torch.zeros(2, 3), torch.tensor([0, 2]), torch.ones(2), r"\bclass_weights\b.*2"),
            (torch.zeros(2, 3), torch.tensor([0, 2]), torch.ones(1, 3), r"\bclass_weights\b.*1, 3"),
        ],
    )
    def test_cross_entropy_refuses(self, kata, device, logits, targets, weights, argument):
        """Cross-entropy refuses wrong shapes, and labels that are no class, by name and value."""
        weights = weights if weights is None else weights.to(device)
        with pytest.raises(ValueError, match=argument):
            kata.cross_entropy(logits.to(device), targets.to(device), weights)

    @pytest.mark.parametrize(
        ("name", "outputs", "targets", "value"),
        [
            ("binary_log_loss", [0.5, 2.0], [1.0, 1.25], r"1\.25"),
            ("binary_log_loss", [0.5, 2.0], [-0.5, 1.0], r"-0\.5"),
            ("binary_log_loss", [0.5, 2.0], [[1.0], [0.0]], "2, 1"),
            ("binary_log_loss", [], [], "0"),
            ("hinge", [0.5, 2.0], [1.0, 0.0], "0"),
            ("hinge", [0.5, 2.0], [1.0, 2.0], "2"),
            ("hinge", [0.5, 2.0], [[1.0], [-1.0]], "2, 1"),
            ("hinge", [], [], "0"),
            ("mse", [0.5, 2.0], [[1.0], [-1.0]], "2, 1"),
            ("mse", [0.5, 2.0], [1.0], "1"),
            ("mse", [], [], "0"),
        ],
    )
    def test_other_losses_refuse(self, kata, device, name, outputs, targets, value):
        """Targets of another shape (one that broadcasts too), none at all, or no class: refused."""
        args = torch.tensor(outputs, device=device), torch.tensor(targets, device=device)
        with pytest.raises(ValueError, match=rf"\btargets\b.*{value}"):
            getattr(kata, name)(*args)

    @pytest.mark.parametrize("name", ["cross_entropy", "binary_log_loss", "hinge", "mse"])
    def test_losses_leave_their_inputs(self, kata, rng, device, name):
        """No loss changes its inputs."""
        if name == "cross_entropy":
            weights = torch.tensor([1.0, 2.0, 3.0], device=device)
            args = normal(rng, 5, 3, device=device), labels(rng, 5, 3, device), weights
        else:
            args = normal(rng, 5, device=device), torch.ones(5, dtype=torch.float64, device=device)
        assert_equal(kata.run(arguments_after, name, *args), args)


# -- Part 2 ---------------------------------------------------------------------------------------


@part("Forward pass", points=1)
class TestForwardPass:
    @pytest.mark.parametrize("sizes", [(4, 3), [6, 1, 4, 2]])
    def test_shapes_of_the_parameters(self, kata, rng, device, sizes):
        """Layers are (weight, bias) tuples of shapes (fan_in, fan_out) and (fan_out,)."""
        got = kata.initialise(sizes, generator(rng, device))
        assert isinstance(got, list), f"got a {type(got).__name__}; expected a list of layers"
        assert len(got) == len(sizes) - 1, f"got {len(got)} layers for the sizes {sizes}"
        for layer, (fan_in, fan_out) in zip(got, itertools.pairwise(sizes), strict=True):
            assert isinstance(layer, tuple), f"got a {type(layer).__name__}; expected a tuple"
            assert len(layer) == 2, f"a layer holds {len(layer)} tensors; expected 2"
            assert_tensor(layer[0], shape=(fan_in, fan_out), dtype=torch.float32, device=device)
            assert_equal(layer[1], torch.zeros(fan_out, device=device))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_weights_are_he_normal(self, kata, rng, device, dtype):
        """Weights follow the normal distribution of variance 2 / fan_in; biases are zero."""
        sizes = (200, 800, 300)
        got = kata.initialise(sizes, generator(rng, device), dtype)
        zeros = [torch.zeros(n, dtype=dtype, device=device) for n in sizes[1:]]
        assert isinstance(got, list), f"got a {type(got).__name__}; expected a list of layers"
        assert_equal([b for _, b in got], zeros)
        for (weight, _), (fan_in, fan_out) in zip(got, itertools.pairwise(sizes), strict=True):
            assert_tensor(weight, shape=(fan_in, fan_out), dtype=dtype, device=device)
            drawn = weight.double().flatten().sort().values * math.sqrt(fan_in / 2)
            n = len(drawn)
            shares = torch.arange(1, n + 1, dtype=torch.float64, device=device) / n
            distance = (torch.special.ndtr(drawn) - shares).abs().max().item()
            # Dvoretzky-Kiefer-Wolfowitz with n >= 160,000: beyond 0.008 with P < 3e-9, four draws.
            assert distance < 0.008, (
                f"the weights of a ({fan_in}, {fan_out}) layer are not normal with variance "
                f"2 / {fan_in}: their distribution function is off by {distance:.3f}"
            )

    def test_same_generator_state_same_parameters(self, kata, rng, device):
        """The generator decides: the same state gives the same parameters, another one others."""
        first, second = (int(seed) for seed in rng.choice(2**31, 2, replace=False))
        got = [
            kata.initialise((5, 4, 3), torch.Generator(device).manual_seed(seed))
            for seed in (first, first, second)
        ]
        assert_tensor(got[0][0][0], shape=(5, 4), dtype=torch.float32, device=device)
        assert_equal(got[1], got[0])
        assert not torch.equal(got[2][0][0], got[0][0][0]), "two seeds gave the same weights"

    def test_no_draw_is_used_twice(self, kata, rng, device):
        """Every layer and every call draws anew from the generator, and from nothing else."""
        args = "initialise", (20, 20, 20), generator(rng, device)
        one, two = kata.run(twice_from_one_generator, *args)
        weights = [weight for weight, _ in [*one, *two]]
        for weight in weights:
            assert_tensor(weight, shape=(20, 20), dtype=torch.float32, device=device)
        for a, b in itertools.combinations(weights, 2):
            assert not torch.equal(a, b), "two layers, or two calls, share their weights"
        before, after = kata.run(global_randomness_around, *args)
        assert_equal(after, before)

    @pytest.mark.parametrize(
        ("sizes", "value"),
        [((), ""), ((5,), "5"), ((5, 0), "0"), ((0, 5), "0"), ((4, -1, 3), "-1")],
    )
    def test_initialise_refuses(self, kata, rng, device, sizes, value):
        """Fewer than two sizes, or one below 1, are refused."""
        with pytest.raises(ValueError, match=rf"\bsizes\b.*{value}"):
            kata.initialise(sizes, generator(rng, device))

    @pytest.mark.parametrize("sizes", DEPTHS)
    @pytest.mark.parametrize(
        ("n", "dtype"), [(0, torch.float64), (1, torch.float64), (8, torch.float32)]
    )
    def test_forward(self, kata, rng, device, n, sizes, dtype):
        """Logits are x @ weight + bias; max(0, x) follows every layer but the last."""
        parameters = network(rng, sizes, device, dtype)
        inputs = 2 * normal(rng, n, sizes[0], device=device, dtype=dtype) + 0.5
        hidden = inputs.cpu().double().numpy()
        for i, layer in enumerate(parameters):
            weight, bias = (tensor.cpu().double().numpy() for tensor in layer)
            hidden = (np.maximum(hidden, 0) if i else hidden) @ weight + bias
        expected = torch.tensor(hidden, dtype=dtype, device=device)
        got = kata.run(without_autograd, "forward", parameters, inputs)
        assert_close(got, expected, atol=2e-5 if dtype == torch.float32 else 1e-10)

    def test_forward_leaves_its_inputs(self, kata, rng, device):
        """`forward` changes neither the parameters nor the inputs."""
        args = network(rng, (4, 5, 3), device), normal(rng, 6, 4, device=device)
        assert_equal(kata.run(arguments_after, "forward", *args), args)

    @pytest.mark.parametrize("shape", [(6, 3), (4,), (2, 6, 4)])
    def test_forward_refuses(self, kata, rng, device, shape):
        """Inputs that do not fit the first layer are refused."""
        with pytest.raises(ValueError, match=rf"\binputs\b.*{', '.join(map(str, shape))}"):
            kata.forward(network(rng, (4, 5, 3), device), normal(rng, *shape, device=device))


# -- Part 3 ---------------------------------------------------------------------------------------


@part("Backward pass", points=2)
class TestBackwardPass:
    def test_one_layer_from_nothing(self, kata, device):
        """With one layer of zeros, the bias's gradient is the mean of softmax minus one-hot."""
        inputs = torch.tensor([[1.0, 2.0], [3.0, -1.0]], dtype=torch.float64, device=device)
        zeros = torch.zeros(2, 4, dtype=torch.float64, device=device)
        got = kata.backward([(zeros, zeros[0])], inputs, torch.tensor([3, 1], device=device))
        delta = torch.tensor(
            [[0.25, 0.25, 0.25, -0.75], [0.25, -0.75, 0.25, 0.25]], device=device
        ).double()
        loss = torch.tensor(math.log(4), dtype=torch.float64, device=device)
        assert_close(got, (loss, [(inputs.T @ delta / 2, delta.mean(dim=0))]))

    @pytest.mark.parametrize("sizes", DEPTHS)
    @pytest.mark.parametrize("n", [1, 9])
    def test_agrees_with_autograd(self, kata, rng, device, n, sizes):
        """Loss and every gradient equal autograd's, without autograd."""
        parameters = network(rng, sizes, device)
        inputs = 2 * normal(rng, n, sizes[0], device=device) + 0.5
        args = parameters, inputs, labels(rng, n, sizes[-1], device)
        assert_close(kata.run(without_autograd, "backward", *args), reference_backward(*args))

    @pytest.mark.parametrize("sizes", DEPTHS)
    def test_class_weights(self, kata, rng, device, sizes):
        """With class weights, each row counts by its share of the weights of all rows."""
        weights = torch.tensor([0.2, 3.0, 1.1, 0.6], dtype=torch.float64, device=device)
        args = (
            network(rng, sizes, device),
            normal(rng, 11, sizes[0], device=device),
            labels(rng, 11, sizes[-1], device),
            weights[: sizes[-1]],
        )
        assert_close(kata.run(without_autograd, "backward", *args), reference_backward(*args))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_units_that_rest_at_zero(self, kata, rng, device, dtype):
        """A hidden unit at exactly 0 passes no gradient; float32 stays float32."""

        # Eighths and halves: hidden values are exact in float32, so no rounding moves a kink.
        def grid(*shape, step):
            values = torch.tensor(rng.integers(-6, 7, size=shape), device=device)
            return (values * step).to(dtype)

        parameters = [(grid(a, b, step=0.125), grid(b, step=0.25)) for a, b in [(5, 8), (8, 6)]]
        parameters.append((grid(6, 3, step=0.125), grid(3, step=0.25)))
        parameters[0][0][:, 2], parameters[0][1][2] = 0, 0
        inputs = grid(12, 5, step=0.5)
        targets = labels(rng, 12, 3, device)
        expected = reference_backward(parameters, inputs, targets)
        got = kata.run(without_autograd, "backward", parameters, inputs, targets)
        assert_close(got, expected, atol=2e-6 if dtype == torch.float32 else 1e-12)

    def test_huge_logits(self, kata, rng, device):
        """Logits of 1e5 give finite gradients."""
        parameters = network(rng, (4, 6, 3), device)
        args = parameters, 1e5 * normal(rng, 7, 4, device=device), labels(rng, 7, 3, device)
        assert_close(kata.backward(*args), reference_backward(*args))

    def test_backward_leaves_its_inputs(self, kata, rng, device):
        """`backward` changes none of its arguments."""
        args = (
            network(rng, (4, 5, 3), device),
            normal(rng, 6, 4, device=device),
            labels(rng, 6, 3, device),
            torch.tensor([1.0, 2.0, 3.0], device=device),
        )
        assert_equal(kata.run(arguments_after, "backward", *args), args)

    @pytest.mark.parametrize(
        ("rows", "width", "targets", "weights", "argument"),
        [
            (2, 3, [0, 1], 3, r"\binputs\b.*2, 3"),
            (2, 4, [0, 1, 1], 3, r"\btargets\b.*3"),
            (2, 4, [0, 3], 3, r"\btargets\b.*3"),
            (2, 4, [-1, 0], 3, r"\btargets\b.*-1"),
            (2, 4, [0, 2], 4, r"\bclass_weights\b.*4"),
        ],
    )
    def test_backward_refuses(self, kata, rng, device, rows, width, targets, weights, argument):
        """What does not fit the network is refused by name and value."""
        inputs = normal(rng, rows, width, device=device)
        args = torch.tensor(targets, device=device), torch.ones(weights, device=device)
        with pytest.raises(ValueError, match=argument):
            kata.backward(network(rng, (4, 5, 3), device), inputs, *args)


# -- Part 4 ---------------------------------------------------------------------------------------


def check_linear(kata, slopes, gradient, *step):
    """f(x) = sum slopes x, away from 0, read through plain numbers: autograd sees nothing."""
    numbers = slopes.flatten().tolist()

    def function(x):
        return math.fsum(a * b for a, b in zip(numbers, x.flatten().tolist(), strict=True))

    return kata.gradient_check(function, torch.ones_like(slopes), gradient, *step)


def check_cubic(kata, point, gradient, *step):
    return kata.gradient_check(lambda x: (x**3).sum(), point, gradient, *step)


def check_network(kata, inputs, targets, point, gradient):
    """Cross-entropy of tanh(inputs @ point) @ point.T: smooth, so central differences converge."""

    def function(x):
        logits = torch.tanh(inputs @ x) @ x.T
        return functional.cross_entropy(logits, targets)

    return kata.gradient_check(function, point, gradient)


def points_visited(kata, point, *step):
    visited = []

    def function(x):
        visited.append(x.clone())
        return (x**2).sum()

    before = point.clone()
    kata.gradient_check(function, point, 2 * point, *step)
    return visited, before, point


@part("Gradient check", points=1)
class TestGradientCheck:
    @pytest.mark.parametrize("step", [0.01, 0.003])
    def test_central_differences(self, kata, rng, device, step):
        """On x^3 the central difference is 3 x^2 + h^2: the error is h^2 exactly, relative."""
        point = torch.tensor(rng.uniform(1, 2, size=(3, 2)), device=device)
        size = 3 * point.square().max().item() + step**2
        got = kata.run(check_cubic, point, 3 * point**2, step)
        assert_close(got, step**2 / size, rtol=1e-6)

    @pytest.mark.parametrize(
        ("slopes", "claimed", "error"),
        [
            ([4.0, 1.0], [4.0, 1.1], 0.025),
            ([4.0, -1.0], [4.0, 1.0], 0.5),
            ([3.0, 1.0, 2.0], [6.0, 2.0, 4.0], 0.5),
            ([8.0, 2.0], [4.0, 1.0], 0.5),
            ([5.0, 1.0, -2.0], [5.0, 1.0, 0.0], 0.4),
            ([5.0, 1.0, -2.0], [0.0, 0.0, 0.0], 1.0),
            ([1e-6, 3e-6], [1e-6, 1e-6], 2 / 3),
            ([0.0, -4.0], [1.0, -4.0], 0.25),
            ([2.0], [2.5], 0.2),
        ],
    )
    def test_exposes_a_wrong_gradient(self, kata, device, slopes, claimed, error):
        """One wrong entry is enough: the largest difference over the largest magnitude of both."""
        slopes, claimed = (torch.tensor(x, device=device).double() for x in (slopes, claimed))
        # At step 1/8 the differences of a linear function hold no curve and little rounding.
        assert_close(kata.run(check_linear, slopes, claimed, 0.125), error, rtol=1e-6)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_computes_in_float64(self, kata, rng, device, dtype):
        """A right gradient errs by less than 1e-7 at the default step, for a float32 point too."""
        point = torch.tensor(rng.uniform(1, 2, size=5), device=device).to(dtype)
        got = kata.run(check_cubic, point, 3 * point.double() ** 2)
        assert_between(got, 0, 1e-7)

    def test_passes_a_network(self, kata, rng, device):
        """The gradient of a smooth network passes; its transpose does not."""
        inputs, targets = normal(rng, 9, 4, device=device), labels(rng, 9, 4, device)
        point = normal(rng, 4, 4, device=device).requires_grad_()
        functional.cross_entropy(torch.tanh(inputs @ point) @ point.T, targets).backward()
        point, gradient = point.detach(), point.grad
        assert_between(kata.run(check_network, inputs, targets, point, gradient), 0, 1e-7)
        off = (gradient - gradient.T).abs().max() / gradient.abs().max()
        got = kata.run(check_network, inputs, targets, point, gradient.T)
        assert_close(got, off.item(), rtol=1e-5, atol=1e-7)

    @pytest.mark.parametrize("step", [(), (0.02,)])
    def test_moves_one_entry_at_a_time(self, kata, rng, device, step):
        """The function sees float64 points with one entry moved by `step`; `point` stays."""
        point = normal(rng, 2, 3, device=device, dtype=torch.float32).T
        visited, before, after = kata.run(points_visited, point, *step)
        assert_equal(after, before)
        assert visited, "the function was never called"
        seen = {}
        for x in visited:
            assert_tensor(x, shape=(3, 2), dtype=torch.float64, device=device)
            moves = ((x - point) / (step or (1e-6,))[0]).flatten().tolist()
            moved = {i: round(move, 4) for i, move in enumerate(moves) if abs(move) > 1e-4}
            assert len(moved) <= 1, f"these entries were moved at once, in steps: {moved}"
            for i, move in moved.items():
                seen.setdefault(i, set()).add(move)
        assert seen == {i: {-1.0, 1.0} for i in range(6)}, (
            f"entries were moved by these multiples of the step: {seen}"
        )

    def test_nothing_against_nothing(self, kata, device):
        """Two gradients of zeros agree: the error is 0, not 0 / 0."""
        zeros = torch.zeros(2, 2, dtype=torch.float64, device=device)
        assert_equal(kata.run(check_linear, zeros, zeros), 0.0)

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_not_a_number_is_an_error(self, kata, device, bad):
        """NaN or infinity, in the gradient or in the function, gives `inf`."""
        fine = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, device=device)
        spoiled = torch.tensor([1.0, bad, 3.0], dtype=torch.float64, device=device)
        assert_equal(kata.run(check_linear, fine, spoiled), math.inf)
        assert_equal(kata.run(check_cubic, spoiled, fine), math.inf)

    @pytest.mark.parametrize(
        ("point", "gradient", "step", "argument"),
        [
            ([1.0, 2.0], [[3.0, 12.0]], 1e-6, r"\bgradient\b.*1, 2"),
            ([1.0, 2.0], [3.0], 1e-6, r"\bgradient\b.*1"),
            ([], [], 1e-6, r"\bpoint\b.*0"),
            ([1.0, 2.0], [3.0, 12.0], 0.0, r"\bstep\b.*0"),
            ([1.0, 2.0], [3.0, 12.0], -0.25, r"\bstep\b.*-0\.25"),
        ],
    )
    def test_gradient_check_refuses(self, kata, device, point, gradient, step, argument):
        """An empty point, a gradient of another shape and a step that is not positive: refused."""
        args = torch.tensor(point, device=device), torch.tensor(gradient, device=device)
        with pytest.raises(ValueError, match=argument):
            kata.run(check_cubic, *args, step)


# -- Part 5 ---------------------------------------------------------------------------------------


@part("Regularisation", points=1)
class TestRegularisation:
    @pytest.mark.parametrize(
        ("rate", "dtype"), [(0.0, torch.float64), (0.2, torch.float32), (0.75, torch.float64)]
    )
    def test_dropout_in_training(self, kata, rng, device, rate, dtype):
        """In training, entries under a False are 0 and the others are divided by 1 - rate."""
        x = normal(rng, 5, 6, device=device, dtype=dtype)
        mask = torch.tensor(rng.permutation(np.arange(30) < 17).reshape(5, 6), device=device)
        expected = torch.zeros_like(x)
        expected[mask] = (x[mask].double() / (1 - rate)).to(dtype)
        assert_close(kata.run(without_autograd, "dropout", x, rate, mask, True), expected)

    @pytest.mark.parametrize("rate", [0.2, 0.75])
    def test_dropout_in_evaluation(self, kata, rng, device, rate):
        """Outside training nothing is dropped and nothing is scaled, whatever the mask says."""
        x = normal(rng, 4, 3, device=device)
        for mask in (torch.tensor(rng.random((4, 3)) < 0.5), torch.ones(1)):
            assert_equal(kata.dropout(x, rate, mask.to(device), False), x)

    @pytest.mark.parametrize("training", [True, False])
    def test_dropout_leaves_its_inputs(self, kata, rng, device, training):
        """`dropout` changes neither the activations nor the mask."""
        mask = torch.tensor([[True, False, True]] * 2, device=device)
        args = normal(rng, 2, 3, device=device), 0.4, mask, training
        assert_equal(kata.run(arguments_after, "dropout", *args), args)

    @pytest.mark.parametrize(
        ("rate", "training"),
        [(1.0, True), (1.0, False), (1.5, True), (-0.25, True), (-0.25, False)],
    )
    def test_dropout_refuses_a_rate(self, kata, device, rate, training):
        """A rate outside [0, 1) is refused, 1 included."""
        mask = torch.ones(3, dtype=torch.bool, device=device)
        with pytest.raises(ValueError, match=rf"\brate\b.*{rate}"):
            kata.dropout(torch.ones(3, device=device), rate, mask, training)

    @pytest.mark.parametrize(
        ("mask", "value"), [([True, False, True], "3"), ([[1.0] * 3] * 2, "float32")]
    )
    def test_dropout_refuses_a_mask(self, kata, device, mask, value):
        """A mask of another shape, even one that broadcasts, or without truth values: refused."""
        mask = torch.tensor(mask, device=device)
        with pytest.raises(ValueError, match=rf"\bmask\b.*{value}"):
            kata.dropout(torch.ones(2, 3, device=device), 0.5, mask, True)

    @pytest.mark.parametrize(
        ("l1", "l2", "sizes", "dtype"),
        [
            (0.3, 0.0, (4, 3), torch.float64),
            (0.0, 0.7, (4, 6, 3), torch.float64),
            (0.02, 1.9, (5, 7, 6, 4), torch.float32),
            (0.0, 0.0, (4, 6, 3), torch.float32),
        ],
    )
    def test_penalty(self, kata, rng, device, sizes, l1, l2, dtype):
        """The penalty is l1 sum |w| + l2 / 2 sum w^2 over the weights; biases are free."""
        parameters = network(rng, sizes, device, dtype)
        parameters[-1][0][0, 0] = 0  # where |w| has its kink
        weights = [weight.cpu().double().numpy() for weight, _ in parameters]
        value = sum(l1 * np.abs(w).sum() + l2 / 2 * (w**2).sum() for w in weights)
        gradients = [
            (
                torch.tensor(l1 * np.sign(w) + l2 * w, dtype=dtype, device=device),
                torch.zeros_like(b),
            )
            for w, (_, b) in zip(weights, parameters, strict=True)
        ]
        got = kata.run(without_autograd, "penalty", parameters, l1, l2)
        assert_close(got, (torch.tensor(value, dtype=dtype, device=device), gradients))

    def test_penalty_leaves_the_parameters(self, kata, rng, device):
        """`penalty` does not change the parameters."""
        args = network(rng, (4, 5, 3), device), 0.1, 0.2
        assert_equal(kata.run(arguments_after, "penalty", *args), args)

    @pytest.mark.parametrize(("l1", "l2", "argument"), [(-0.5, 1, "l1"), (1, -0.5, "l2")])
    def test_penalty_refuses(self, kata, rng, device, l1, l2, argument):
        """Negative strengths are refused."""
        with pytest.raises(ValueError, match=rf"\b{argument}\b.*-0\.5"):
            kata.penalty(network(rng, (4, 3), device), l1, l2)


# -- Part 6 ---------------------------------------------------------------------------------------


@part("Metrics", points=1)
class TestMetrics:
    @pytest.mark.parametrize(("n", "classes"), [(0, 3), (1, 2), (200, 5)])
    def test_confusion_matrix(self, kata, rng, device, n, classes):
        """Entry [t, p] counts rows of class t taken for p; classes that never occur have zeros."""
        truth = rng.integers(classes, size=n)
        taken = np.maximum(truth - rng.integers(2, size=n), 0)
        expected = torch.zeros(classes + 1, classes + 1, dtype=torch.int64, device=device)
        for t, p in zip(truth, taken, strict=True):
            expected[t, p] += 1
        args = torch.tensor(truth, device=device), torch.tensor(taken, device=device)
        assert_equal(kata.confusion_matrix(*args, classes + 1), expected)

    @pytest.mark.parametrize(
        ("targets", "predictions", "argument"),
        [
            ([0, 1, 3], [0, 1, 2], r"\btargets\b.*3"),
            ([0, 1, -1], [0, 1, 2], r"\btargets\b.*-1"),
            ([0.0, 1.0], [0, 1], r"\btargets\b.*float32"),
            ([[0], [1]], [0, 1], r"\btargets\b.*2, 1"),
            ([0, 1, 2], [0, 1, 3], r"\bpredictions\b.*3"),
            ([0, 1, 2], [0, 1, -1], r"\bpredictions\b.*-1"),
            ([0, 1, 2], [2], r"\bpredictions\b.*1"),
            ([0, 1], [0.0, 1.0], r"\bpredictions\b.*float32"),
        ],
    )
    def test_confusion_matrix_refuses(self, kata, device, targets, predictions, argument):
        """Labels that are no class, not whole numbers or not as many as targets: refused."""
        args = torch.tensor(targets, device=device), torch.tensor(predictions, device=device)
        with pytest.raises(ValueError, match=argument):
            kata.confusion_matrix(*args, 3)

    def test_f1_is_a_harmonic_mean(self, kata, device):
        """A precision of 1 and a recall of 0.01 make an F1 of 0.0198, not of 0.505."""
        got = kata.classification_scores(torch.tensor([[900, 0], [99, 1]], device=device))
        assert isinstance(got, dict), f"got {type(got).__name__}; expected a dict"
        for name, value in {"precision": 1.0, "recall": 0.01, "f1": 2 / 101}.items():
            assert_tensor(got.get(name), shape=(2,), dtype=torch.float64, device=device)
            assert_close(got[name][1].item(), value)

    @pytest.mark.parametrize("classes", [2, 3, 7])
    def test_scores(self, kata, rng, device, classes):
        """Scores per class are ratios of counts; macro scores are means over the classes."""
        table = rng.integers(0, 60, size=(classes, classes))
        table[-1, 0] = 41  # never symmetrical
        table[0, -1] = 7
        confusion = torch.tensor(table, device=device)
        assert_close(kata.classification_scores(confusion), expected_scores(table, device))

    def test_nothing_to_count(self, kata, device):
        """A class without rows or without predictions scores 0, and counts in the macro means."""
        rare = [[1, 0], [2, 3]], [[0, 0], [0, 9]], [[0, 0], [0, 0]]
        for table in ([[5, 0, 2], [3, 0, 1], [0, 0, 0]], *rare):
            got = kata.classification_scores(torch.tensor(table, device=device))
            assert_close(got, expected_scores(np.array(table), device))

    @pytest.mark.parametrize("shape", [(2, 3), (4,), (2, 2, 2)])
    def test_scores_refuse(self, kata, device, shape):
        """A table that is not square is refused."""
        table = torch.ones(shape, dtype=torch.int64, device=device)
        with pytest.raises(ValueError, match=rf"\bconfusion\b.*{', '.join(map(str, shape))}"):
            kata.classification_scores(table)

    @pytest.mark.parametrize(
        ("targets", "scores", "area"),
        [
            ([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.75),
            ([False, False, True, True, True], [0.1, 0.2, 0.3, 0.4, 0.5], 1.0),
            ([1.0, 1.0, 0.0], [-0.1, -0.2, 0.3], 0.0),
            ([0, 1, 1, 0, 1], [2.0, 2.0, 2.0, 2.0, 2.0], 0.5),
            ([False, False, True, False, True], [0.2, 0.5, 0.5, 0.5, 0.9], 5 / 6),
        ],
    )
    def test_small_roc_curves(self, kata, device, targets, scores, area):
        """The area is the share of pairs in which the positive scores higher; a tie is half one."""
        args = torch.tensor(targets, device=device), torch.tensor(scores, device=device)
        assert_close(kata.roc_auc(*args), torch.tensor(area, dtype=torch.float64, device=device))

    @pytest.mark.parametrize(
        ("levels", "dtype"), [(3, torch.float32), (40, torch.float64), (10**9, torch.float64)]
    )
    def test_roc_auc_over_all_pairs(self, kata, rng, device, levels, dtype):
        """With few levels most pairs tie; the area is still exact."""
        truth = rng.permutation(np.arange(90) < 34)
        scores = (rng.integers(levels, size=90) + 0.3 * levels * truth) / levels
        scores = torch.tensor(np.round(scores * levels) / levels, dtype=dtype, device=device)
        high, low = scores[truth][:, None], scores[~truth][None, :]
        area = ((high > low).double() + (high == low).double() / 2).mean()
        assert_close(kata.roc_auc(torch.tensor(truth.astype(int), device=device), scores), area)

    def test_roc_auc_of_many_rows(self, kata, rng, device):
        """A quarter of a million rows make more pairs than 32 bits or a float32 can count."""
        truth = rng.permutation(np.arange(250_000) < 70_000)
        scores = rng.normal(size=250_000).astype(np.float32) + truth
        negatives = np.sort(scores[~truth])
        below = np.searchsorted(negatives, scores[truth], "left")
        through = np.searchsorted(negatives, scores[truth], "right")
        area = (int(below.sum()) + int(through.sum())) / (2 * 70_000 * 180_000)
        args = (torch.tensor(x, device=device) for x in (truth.astype(np.int64), scores))
        assert_close(kata.roc_auc(*args), torch.tensor(area, dtype=torch.float64, device=device))

    @pytest.mark.parametrize(
        ("targets", "scores", "argument"),
        [
            ([1, 1], [0.1, 0.2], r"\btargets\b.*1"),
            ([0, 0], [0.1, 0.2], r"\btargets\b.*0"),
            ([0, 1, 2], [0.1, 0.2, 0.3], r"\btargets\b.*2"),
            ([-1, 1], [0.1, 0.2], r"\btargets\b.*-1"),
            ([0, 1], [0.1, 0.2, 0.3], r"\bscores\b.*3"),
            ([0, 1], [[0.1], [0.2]], r"\bscores\b.*2, 1"),
            ([0, 1], [0.1, math.nan], r"\bscores\b"),
        ],
    )
    def test_roc_auc_refuses(self, kata, device, targets, scores, argument):
        """One class alone, a third one, scores of another shape, NaN: refused."""
        with pytest.raises(ValueError, match=argument):
            kata.roc_auc(torch.tensor(targets, device=device), torch.tensor(scores, device=device))

    def test_metrics_leave_their_inputs(self, kata, rng, device):
        """No metric changes its inputs."""
        targets, predictions = (labels(rng, 20, 2, device) for _ in range(2))
        pair = normal(rng, 20, device=device), normal(rng, 20, device=device)
        for name, args in {
            "confusion_matrix": (targets, predictions, 2),
            "classification_scores": (torch.tensor([[5, 0], [2, 3]], device=device),),
            "roc_auc": (targets, pair[0]),
            "rmse": pair,
            "mae": pair,
        }.items():
            assert_equal(kata.run(arguments_after, name, *args), args)

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("name", ["rmse", "mae"])
    def test_regression_errors(self, kata, rng, device, name, dtype):
        """RMSE and MAE are means over all entries, the root taken last."""
        predictions = torch.tensor([[1.0, 5.0], [3.0, -1.0]], dtype=dtype, device=device)
        targets = torch.tensor([[2.0, 2.0], [2.0, 2.0]], dtype=dtype, device=device)
        expected = {"rmse": math.sqrt(5), "mae": 2.0}[name]  # averaging two roots would give 2
        expected = torch.tensor(expected, dtype=dtype, device=device)
        assert_close(getattr(kata, name)(predictions, targets), expected)
        predictions = 3 * normal(rng, 17, device=device, dtype=dtype)
        targets = normal(rng, 17, device=device, dtype=dtype) + 1
        gap = (predictions.double() - targets.double()).abs().cpu().numpy()
        expected = {"rmse": np.sqrt((gap**2).sum() / 17), "mae": gap.sum() / 17}[name]
        got = kata.run(without_autograd, name, predictions, targets)
        assert_close(got, torch.tensor(expected, dtype=dtype, device=device))

    @pytest.mark.parametrize("name", ["rmse", "mae"])
    @pytest.mark.parametrize(("shape", "other"), [((3,), (3, 1)), ((2,), (1,)), ((0,), (0,))])
    def test_regression_errors_refuse(self, kata, device, name, shape, other):
        """Targets of another shape, even one that broadcasts, and no targets at all: refused."""
        args = torch.ones(shape, device=device), torch.zeros(other, device=device)
        with pytest.raises(ValueError, match=rf"\btargets\b.*{', '.join(map(str, other))}"):
            getattr(kata, name)(*args)


def expected_scores(table, device):
    """The scores of a confusion table in exact fractions."""

    def ratio(part, whole):
        return Fraction(int(part), int(whole)) if whole else Fraction(0)

    columns = {"precision": [], "recall": [], "f1": []}
    for c in range(len(table)):
        p, r = ratio(table[c, c], table[:, c].sum()), ratio(table[c, c], table[c].sum())
        columns["precision"].append(p)
        columns["recall"].append(r)
        columns["f1"].append(2 * p * r / (p + r) if p + r else Fraction(0))
    means = {f"macro_{name}": sum(values) / len(table) for name, values in columns.items()}
    everything = {"accuracy": ratio(table.trace(), table.sum()), **columns, **means}
    return {
        name: torch.tensor(
            [float(v) for v in value] if isinstance(value, list) else float(value),
            dtype=torch.float64,
            device=device,
        )
        for name, value in everything.items()
    }


# -- Part 7 ---------------------------------------------------------------------------------------


def splits(kata, targets, fraction, source, count):
    return [kata.stratified_split(targets, fraction, source) for _ in range(count)]


@part("Imbalance", points=1)
class TestImbalance:
    @pytest.mark.parametrize(
        ("counts", "expected"),
        [((90, 10), [0.5555555555555556, 5.0]), ((6, 1, 3), [10 / 18, 10 / 3, 10 / 9])],
    )
    def test_balanced_weights(self, kata, rng, device, counts, expected):
        """The weight of class c is n / (C n_c), in float64."""
        targets = rng.permutation(np.repeat(np.arange(len(counts)), counts))
        got = kata.balanced_weights(torch.tensor(targets, device=device), len(counts))
        assert_close(got, torch.tensor(expected, dtype=torch.float64, device=device))

    @pytest.mark.parametrize(
        ("targets", "classes", "value"),
        [
            ([0, 2, 2], 3, "1"),
            ([0, 1, 1], 3, "2"),
            ([0, 1, 2], 2, "2"),
            ([0, 1, -1], 2, "-1"),
            ([0.0, 1.0], 2, "float32"),
        ],
    )
    def test_balanced_weights_refuse(self, kata, device, targets, classes, value):
        """A class without rows, which would weigh infinitely much, is refused by its number."""
        with pytest.raises(ValueError, match=rf"\btargets\b.*{value}"):
            kata.balanced_weights(torch.tensor(targets, device=device), classes)

    @pytest.mark.parametrize("fraction", [0.2, 0.5, 0.7])
    def test_split_keeps_the_proportions(self, kata, rng, device, fraction):
        """Each row is on one side; the second has round(fraction n_c) rows of class c."""
        counts = [40, 15, 5, 7, 1]
        targets = rng.permutation(np.repeat(np.arange(5), counts))
        got = kata.stratified_split(
            torch.tensor(targets, device=device), fraction, generator(rng, device)
        )
        quotas = [round(fraction * n) for n in counts]
        sizes = sum(counts) - sum(quotas), sum(quotas)
        assert isinstance(got, tuple), f"got a {type(got).__name__}; expected a tuple of two"
        assert len(got) == 2, f"got {len(got)} sides; expected two"
        for side, size in zip(got, sizes, strict=True):
            assert_tensor(side, shape=(size,), dtype=torch.int64, device=device)
        first, second = (side.cpu().numpy() for side in got)
        every = np.sort(np.concatenate([first, second]))
        assert np.array_equal(every, np.arange(len(targets))), "rows are lost or shared"
        assert_equal(np.bincount(targets[second], minlength=5).tolist(), quotas)
        for side in (first, second):
            assert (np.diff(side) > 0).all(), "row numbers are not in ascending order"

    def test_split_is_drawn_from_the_generator(self, kata, rng, device):
        """The generator decides which rows go where, and nothing else does."""
        targets = labels(rng, 300, 3, device)
        first, second = (int(seed) for seed in rng.choice(2**31, 2, replace=False))
        got = [
            kata.stratified_split(targets, 0.4, torch.Generator(device).manual_seed(seed))
            for seed in (first, first, second)
        ]
        assert_equal(got[1], got[0])
        assert_tensor(got[2][1], shape=(120,), dtype=torch.int64, device=device)
        # Two draws of 120 rows agree with P < 1e-80.
        assert not torch.equal(got[2][1], got[0][1]), "two seeds gave the same split"
        source = generator(rng, device)
        before, after = kata.run(global_randomness_around, "stratified_split", targets, 0.4, source)
        assert_equal(after, before)

    def test_split_is_fair(self, kata, rng, device):
        """Every row is equally likely to be drawn into the second side."""
        targets = torch.tensor([0] * 20 + [1] * 12, device=device)
        got = kata.run(splits, targets, 0.25, generator(rng, device), 400)
        assert isinstance(got, list), f"got {type(got).__name__}; expected a list of splits"
        for _, second in got:
            assert_tensor(second, shape=(8,), dtype=torch.int64, device=device)
        drawn = torch.bincount(torch.cat([second for _, second in got]), minlength=32)
        # Binomial(400, 1/4), mean 100, in 32 rows: outside with P < 1e-9 each (Chernoff).
        assert_between(drawn, 45, 160)

    @pytest.mark.parametrize("fraction", [0.0, 1.0, -0.25, 1.5])
    def test_split_refuses(self, kata, rng, device, fraction):
        """A fraction that is not strictly between 0 and 1 is refused."""
        with pytest.raises(ValueError, match=rf"\bfraction\b.*{fraction}"):
            kata.stratified_split(labels(rng, 10, 2, device), fraction, generator(rng, device))

    @pytest.mark.parametrize("counts", [(50, 8, 1), (3, 0, 40), (6, 6), (1,)])
    def test_oversampling_levels_the_classes(self, kata, rng, device, counts):
        """Every row stays, the largest class as it is, and the others are filled up to its size."""
        targets = rng.permutation(np.repeat(np.arange(len(counts)), counts))
        got = kata.oversample(torch.tensor(targets, device=device), generator(rng, device))
        present = [c for c, n in enumerate(counts) if n]
        assert_tensor(got, shape=(max(counts) * len(present),), dtype=torch.int64, device=device)
        assert_between(got, 0, len(targets) - 1)
        rows = got.cpu().numpy()
        times = np.bincount(rows, minlength=len(targets))
        assert_equal(np.bincount(targets[rows]).tolist(), [max(counts) * bool(n) for n in counts])
        assert (times >= 1).all(), "rows are lost: each has to stay at least once"
        largest = times[targets == int(np.argmax(counts))]
        assert (largest == 1).all(), "rows of the largest class are repeated"

    def test_oversampling_draws_with_replacement(self, kata, rng, device):
        """What is added is drawn with replacement, each row of the class equally likely."""
        targets = torch.tensor([0] * 3000 + [1] * 3 + [2] * 1500, device=device)
        got = kata.oversample(targets, generator(rng, device))
        assert_tensor(got, shape=(9000,), dtype=torch.int64, device=device)
        assert_between(got, 0, 4502)
        times = torch.bincount(got, minlength=4503)
        # 2997 draws over three rows: mean 999, standard deviation 25.8. Beyond 170 with P < 1e-9.
        assert_between(times[3000:3003], 1000 - 170, 1000 + 170)
        # 1500 draws over 1500 rows are all different with P < 1e-600.
        assert times[3003:].max() > 2, "no row was drawn twice: that is not with replacement"

    def test_oversampling_is_drawn_from_the_generator(self, kata, rng, device):
        """The generator decides what is repeated, and nothing else does."""
        targets = torch.tensor([0] * 200 + [1] * 50, device=device)
        first, second = (int(seed) for seed in rng.choice(2**31, 2, replace=False))
        got = [
            kata.oversample(targets, torch.Generator(device).manual_seed(seed))
            for seed in (first, first, second)
        ]
        assert_tensor(got[0], shape=(400,), dtype=torch.int64, device=device)
        assert_equal(got[1], got[0])
        assert_tensor(got[2], shape=(400,), dtype=torch.int64, device=device)
        # 150 draws over 50 rows agree, in any order, with P < 1e-20.
        assert not torch.equal(got[2].sort().values, got[0].sort().values), "two seeds, one sample"
        source = generator(rng, device)
        before, after = kata.run(global_randomness_around, "oversample", targets, source)
        assert_equal(after, before)

    def test_labels_stay_as_they_are(self, kata, rng, device):
        """No function of this part changes the labels."""
        targets = torch.tensor(rng.permutation([0] * 20 + [1] * 7), device=device)
        source = generator(rng, device)
        for name, *args in (
            ("balanced_weights", 2),
            ("stratified_split", 0.3, source),
            ("oversample", source),
        ):
            after = kata.run(labels_after, name, targets, *args)
            assert_equal(after, targets)

    def test_oversampling_refuses(self, kata, rng, device):
        """No rows at all are refused."""
        with pytest.raises(ValueError, match=r"\btargets\b.*0"):
            kata.oversample(
                torch.zeros(0, dtype=torch.int64, device=device), generator(rng, device)
            )


# -- Part 8 ---------------------------------------------------------------------------------------

STATE = ("parameters", "best_parameters", "train_losses", "validation_losses", "stopped")


def shown(state):
    """What the statement says of a state, without what `train` keeps for itself."""
    assert isinstance(state, dict), f"the state is a {type(state).__name__}; expected a dict"
    missing = [key for key in STATE if key not in state]
    assert not missing, f"the state lacks {missing}"
    return {key: state[key] for key in STATE}


def train_on(kata, parameters, optimiser, data, options):
    with torch.inference_mode():
        return kata.train(kata.begin(parameters, optimiser), *data, **options)


def train_in_two(kata, parameters, optimiser, data, options, cut, by_file):
    """At once, and in two halves, the state between them kept in memory or in a file."""
    *data, orders = data
    start = kata.begin(parameters, optimiser)
    whole = kata.train(start, *data, orders, **options)
    half = kata.train(start, *data, orders[:cut], **options)
    if by_file:
        with tempfile.TemporaryDirectory() as folder:
            kata.save(Path(folder) / "half", half)
            half = kata.load(Path(folder) / "half", orders.device)
    return whole, kata.train(half, *data, orders[cut:], **options)


def memory_shared_by_begin(kata, parameters):
    """What the state says after the tensors that it was made of, or handed out, were wiped."""
    state = kata.begin(parameters)
    for weight, bias in parameters:
        weight.zero_(), bias.zero_()
    latest = [(weight.clone(), bias.clone()) for weight, bias in state["parameters"]]
    for weight, bias in state["parameters"]:
        weight.zero_(), bias.zero_()
    return latest, state["best_parameters"]


def memory_shared_by_train(kata, parameters, data):
    """Arguments and earlier states after later training, and after later states were wiped."""
    start = kata.begin(parameters)
    once = kata.train(start, *data)
    kept = pickle.loads(pickle.dumps(once))
    twice = kata.train(once, *data)
    for key in ("parameters", "best_parameters"):
        for weight, bias in twice[key]:
            weight.zero_(), bias.zero_()
    return start, kept, once, data


def written_and_read(kata, state, as_text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.checkpoint"
        path = str(path) if as_text else path
        kata.save(path, {**state, "stopped": True})
        returned = kata.save(path, state)
        return returned, kata.load(path)


def read_after_failed_write(kata, state):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.checkpoint"
        kata.save(path, state)
        try:
            kata.save(path, {**state, "parameters": (layer for layer in state["parameters"])})
        except Exception:
            return kata.load(path)
        return "a generator was written as if it were data"


def reading_a_trap(kata, state, kind):
    """What `load` said to a file that makes a folder when it is unpickled; what is there now."""
    with tempfile.TemporaryDirectory() as folder:
        path, marker = Path(folder) / "run.checkpoint", Path(folder) / "sprung"

        class Trap:
            def __reduce__(self):
                return os.mkdir, (str(marker),)

        trapped = {**state, "parameters": Trap()}
        if kind == "torch":
            torch.save(trapped, path)
        elif kind == "numpy":
            with path.open("wb") as file:
                np.save(file, np.array([trapped], dtype=object), allow_pickle=True)
        else:
            path.write_bytes(pickle.dumps(trapped))
        try:
            kata.load(path)
            said = "nothing"
        except ValueError as problem:
            said = str(problem)
        return said, sorted(entry.name for entry in Path(folder).iterdir())


def reading_damage(kata, state, kind):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.checkpoint"
        kata.save(path, state)
        whole = path.read_bytes()
        if kind == "list":
            torch.save([1, 2, 3], path)
        elif kind == "dict":
            torch.save({"weight": torch.ones(3)}, path)
        else:
            path.write_bytes(
                {"half": whole[: len(whole) // 2], "empty": b"", "text": b"hello"}[kind]
            )
        try:
            kata.load(path)
            return "nothing"
        except ValueError as problem:
            return str(problem)


OPTIONS = {
    "adam, as it comes": ("adam", {}),
    "sgd, as it comes": ("sgd", {}),
    "adam, l1": ("adam", {"batch_size": 32, "learning_rate": 0.02, "l1": 4e-3}),
    "adam, class weights": ("adam", {"batch_size": 7, "class_weights": [0.4, 3.0, 1.5, 0.7]}),
    "sgd, all": (
        "sgd",
        {
            "batch_size": 40,
            "learning_rate": 0.15,
            "momentum": 0.6,
            "l1": 3e-3,
            "l2": 0.05,
            "class_weights": [2.0, 0.2, 1.0, 0.9],
        },
    ),
    "sgd, no momentum, l2": (
        "sgd",
        {"batch_size": 1000, "learning_rate": 0.4, "momentum": 0.0, "l2": 0.1},
    ),
}


@part("Training", points=2)
class TestTraining:
    def test_begin(self, kata, rng, device):
        """A state begins with copies of the parameters, no losses, and not stopped."""
        for dtype in DTYPES:
            parameters = network(rng, (4, 5, 3), device, dtype)
            for optimiser in ((), ("adam",), ("sgd",)):
                expected = [parameters, parameters, [], [], False]
                got = shown(kata.begin(parameters, *optimiser))
                assert_equal(got, dict(zip(STATE, expected, strict=True)))

    def test_begin_copies(self, kata, rng, device):
        """The state shares no memory with the parameters, nor its best ones with its latest."""
        parameters = network(rng, (4, 5, 3), device)
        assert_equal(kata.run(memory_shared_by_begin, parameters), (parameters, parameters))

    @pytest.mark.parametrize("optimiser", ["Adam", "rmsprop", ""])
    def test_begin_refuses(self, kata, rng, device, optimiser):
        """An unknown optimiser is refused by its name."""
        with pytest.raises(ValueError, match=rf"\boptimiser\b.*{optimiser}"):
            kata.begin(network(rng, (4, 3), device), optimiser)

    @pytest.mark.parametrize("optimiser", ["sgd", "adam"])
    def test_first_step(self, kata, rng, device, optimiser):
        """The first step goes down the gradient by SGD, and by the learning rate in Adam."""
        parameters = network(rng, (4, 3), device)
        inputs, targets = normal(rng, 10, 4, device=device), labels(rng, 10, 3, device)
        _, gradients = reference_backward(parameters, inputs, targets)
        orders = torch.arange(10, device=device)[None]
        got = kata.train(
            kata.begin(parameters, optimiser),
            *(inputs, targets, (inputs, targets), orders),
            learning_rate=0.05,
        )
        moves = [
            tuple(g if optimiser == "sgd" else g / (g.abs() + 1e-8) for g in layer)
            for layer in gradients
        ]
        expected = [
            (w - 0.05 * dw, b - 0.05 * db)
            for (w, b), (dw, db) in zip(parameters, moves, strict=True)
        ]
        assert_close(shown(got)["parameters"], expected)

    @pytest.mark.parametrize("name", OPTIONS)
    def test_agrees_with_torch(self, kata, rng, device, name):
        """Every step, batch and loss of three epochs equals autograd's and `torch.optim`'s."""
        optimiser, options = OPTIONS[name]
        if "class_weights" in options:
            weights = torch.tensor(options["class_weights"], device=device).double()
            options = {**options, "class_weights": weights}
        parameters, data = problem(rng, device, epochs=3)
        expected = reference_run(parameters, optimiser, *data, **options)
        got = kata.run(train_on, parameters, optimiser, data, options)
        assert_close(shown(got), expected[-1], rtol=1e-8)

    def test_visits_the_rows_it_is_told(self, kata, rng, device):
        """An epoch visits the rows that its order lists, some never and some repeatedly."""
        parameters, (*data, _) = problem(rng, device, epochs=0)
        orders = torch.tensor(rng.integers(0, 40, size=(2, 75)), device=device)
        data = (*data, orders)
        options = {"batch_size": 1, "learning_rate": 0.01}
        expected = reference_run(parameters, "adam", *data, **options)
        got = kata.run(train_on, parameters, "adam", data, options)
        assert_close(shown(got), expected[-1], rtol=1e-8)

    def test_float32(self, kata, rng, device):
        """Float32 parameters are trained in float32."""
        parameters, data = problem(rng, device, epochs=1)
        inputs, targets, _, orders = data
        # One layer and one step: no kink and no near-zero moment that could enlarge rounding.
        parameters = network(rng, (5, 4), device, torch.float32)
        data = inputs.float(), targets, (inputs.float(), targets), orders
        options = {"batch_size": 200, "learning_rate": 0.3}
        expected = reference_run(parameters, "sgd", *data, **options)
        got = kata.run(train_on, parameters, "sgd", data, options)
        assert_close(shown(got), expected[-1], rtol=2e-5)

    def test_no_epochs(self, kata, rng, device):
        """Training over no epochs gives the state back as it was."""
        parameters, data = problem(rng, device, epochs=0)
        got = kata.run(train_on, parameters, "adam", data, {})
        expected = [parameters, parameters, [], [], False]
        assert_equal(shown(got), dict(zip(STATE, expected, strict=True)))

    @pytest.mark.parametrize(
        ("patience", "epochs", "best"), [(1, 2, 1), (2, 5, 3), (3, 6, 3), (4, 7, 3), (None, 7, 3)]
    )
    def test_stops_early(self, kata, rng, device, patience, epochs, best):
        """Stops after `patience` epochs in a row without a new best, and keeps the best one."""
        parameters, data = there_and_back(rng, device)
        options = {"batch_size": 10, "learning_rate": 0.02, "momentum": 0.0}
        states = reference_run(parameters, "sgd", *data, **options)
        losses = states[-1]["validation_losses"]
        assert np.argmin(losses) == 2, f"the scenario is not what it should be: {losses}"
        stops = patience is not None and patience < 5
        expected = {
            **states[epochs - 1],
            "best_parameters": states[best - 1]["parameters"],
            "stopped": stops,
        }
        got = kata.run(train_on, parameters, "sgd", data, {**options, "patience": patience})
        assert_close(shown(got), expected, rtol=1e-8)

    def test_standing_still_is_no_progress(self, kata, rng, device):
        """A validation loss equal to the least so far is not a new least one."""
        parameters, (*data, _) = problem(rng, device, epochs=0, dtype=torch.float32)
        data = (*data, torch.tensor([[3], [1], [4], [1], [5]], device=device))
        options = {"learning_rate": 1e-30, "patience": 2}
        got = shown(kata.run(train_on, parameters, "sgd", data, options))
        assert_close(got["parameters"], parameters)
        assert_equal(len(got["validation_losses"]), 3)
        assert_equal(got["stopped"], True)

    @pytest.mark.parametrize(
        ("optimiser", "by_file"), [("sgd", False), ("adam", False), ("adam", True)]
    )
    def test_resuming(self, kata, rng, device, optimiser, by_file):
        """A run in two halves, through a file too, equals the run at once bit for bit."""
        parameters, data = problem(rng, device, epochs=4, dtype=torch.float32)
        options = {"learning_rate": 0.01, "l2": 1e-3}
        for cut in (1, 3):
            args = parameters, optimiser, data, options, cut, by_file
            whole, halves = kata.run(train_in_two, *args)
            assert_equal(shown(halves), shown(whole))

    @pytest.mark.parametrize("cut", [1, 2, 4, 6])
    def test_resuming_remembers_patience(self, kata, rng, device, cut):
        """What was best, and how long ago, outlives the pause; who has stopped stays stopped."""
        parameters, data = there_and_back(rng, device)
        options = {"batch_size": 10, "learning_rate": 0.02, "momentum": 0.0, "patience": 2}
        whole, halves = kata.run(train_in_two, parameters, "sgd", data, options, cut, cut % 2 == 0)
        assert_equal(shown(halves), shown(whole))
        assert_equal(len(whole["validation_losses"]), 5)

    def test_train_leaves_what_it_was_given(self, kata, rng, device):
        """`train` changes no argument; states of different epochs share no memory."""
        parameters, data = problem(rng, device, epochs=2)
        start, kept, once, after = kata.run(memory_shared_by_train, parameters, data)
        expected = [parameters, parameters, [], [], False]
        assert_equal(shown(start), dict(zip(STATE, expected, strict=True)))
        assert_equal(once, kept)
        assert_equal(after, data)

    @pytest.mark.parametrize(
        ("change", "argument"),
        [
            ({"inputs": (6, 3)}, r"\binputs\b.*6, 3"),
            ({"targets": [0, 1, 2, 0, 1]}, r"\btargets\b.*5"),
            ({"targets": [0, 1, 2, 0, 1, 3]}, r"\btargets\b.*3"),
            ({"orders": [[0, 1, 6]]}, r"\borders\b.*6"),
            ({"orders": [[0, 1, -1]]}, r"\borders\b.*-1"),
            ({"orders": [0, 1, 2]}, r"\borders\b.*3"),
            ({"orders": [[], []]}, r"\borders\b.*2, 0"),
            ({"orders": [[0.0, 1.0]]}, r"\borders\b.*float32"),
            ({"batch_size": 0}, r"\bbatch_size\b.*0"),
            ({"learning_rate": 0.0}, r"\blearning_rate\b.*0"),
            ({"learning_rate": -0.5}, r"\blearning_rate\b.*-0\.5"),
            ({"patience": 0}, r"\bpatience\b.*0"),
        ],
    )
    def test_train_refuses(self, kata, rng, device, change, argument):
        """What does not fit is refused by name and value before any step."""
        change = dict(change)  # the parameters of a test outlive it where many are judged
        inputs = normal(rng, *change.pop("inputs", (6, 4)), device=device)
        targets = torch.tensor(change.pop("targets", [0, 1, 2, 0, 1, 2]), device=device)
        orders = change.pop("orders", [[0, 1, 2]])
        dtype = None if any(isinstance(x, list) and x for x in orders) else torch.int64
        orders = torch.tensor(orders, dtype=dtype, device=device)
        state = kata.begin(network(rng, (4, 3), device))
        with pytest.raises(ValueError, match=argument):
            kata.train(state, inputs, targets, (inputs, targets), orders, **change)

    @pytest.mark.parametrize("n", [0, 1, 50])
    def test_predict(self, kata, rng, device, n):
        """The prediction is the class with the largest logit, as int64."""
        parameters = network(rng, (4, 6, 5), device)
        inputs = normal(rng, n, 4, device=device)
        logits = reference_logits(parameters, inputs).cpu().numpy()
        expected = torch.tensor(logits.argmax(axis=1), device=device)
        assert_equal(kata.run(without_autograd, "predict", parameters, inputs), expected)

    def test_predict_breaks_ties(self, kata, device):
        """Of equal logits the lowest class wins."""
        parameters = [
            (torch.zeros(1, 4, device=device), torch.tensor([0.5, 2.0, 2.0, 2.0], device=device))
        ]
        expected = torch.tensor([1, 1, 1], device=device)
        assert_equal(kata.predict(parameters, torch.ones(3, 1, device=device)), expected)

    @pytest.mark.parametrize(("dtype", "as_text"), [(torch.float32, False), (torch.float64, True)])
    def test_save_and_load(self, kata, rng, device, dtype, as_text):
        """`load` gives back on the CPU, bit for bit, what was saved last under a path."""
        parameters, data = problem(rng, device, epochs=2, dtype=dtype)
        state = kata.run(train_on, parameters, "adam", data, {"patience": 5})
        expected = to_cpu(state)
        assert_equal(shown(expected)["stopped"], False)
        assert_equal(kata.run(written_and_read, state, as_text), (None, expected))

    def test_failed_save(self, kata, rng, device):
        """When writing fails, the checkpoint that was there is still whole."""
        state = kata.begin(network(rng, (4, 5, 3), device))
        got = kata.run(read_after_failed_write, state)
        assert_equal(shown(got), shown(to_cpu(state)))

    @pytest.mark.parametrize("kind", ["pickle", "torch", "numpy"])
    def test_load_runs_no_code(self, kata, rng, device, kind):
        """A file that carries code is refused with a ValueError that names it, and never run."""
        state = kata.begin(network(rng, (4, 3), device))
        got = kata.run(reading_a_trap, state, kind)
        assert isinstance(got, tuple), f"got {type(got).__name__}"
        said, there = got
        assert there == ["run.checkpoint"], "the code that the file carries was run"
        assert "run.checkpoint" in said, f"refusing the file, `load` said {said!r}"

    @pytest.mark.parametrize("kind", ["half", "empty", "text", "list", "dict"])
    def test_load_refuses_damage(self, kata, rng, device, kind):
        """Half a file, an empty one or another kind of file: a ValueError that names it."""
        said = kata.run(reading_damage, kata.begin(network(rng, (4, 3), device)), kind)
        assert_equal(type(said), str)
        assert "run.checkpoint" in said, f"refusing the file, `load` said {said!r}"

    def test_learns_digits(self, kata, rng, device, digits):
        """Ten epochs of Adam on 1437 scanned digits reach an accuracy of 0.85 on 360 others."""
        pixels, classes = digits
        shuffled = rng.permutation(len(classes))
        inputs = torch.tensor(pixels[shuffled] / 16, dtype=torch.float32, device=device)
        targets = torch.tensor(classes[shuffled], dtype=torch.int64, device=device)
        parameters = [
            (w * math.sqrt(2), torch.zeros_like(b))
            for w, b in network(rng, (64, 128, 10), device, torch.float32)
        ]
        orders = np.stack([rng.permutation(1437) for _ in range(10)])
        held_out = inputs[1437:], targets[1437:]
        data = inputs[:1437], targets[:1437], held_out, torch.tensor(orders, device=device)
        state = shown(kata.run(train_on, parameters, "adam", data, {}))
        predictions = kata.predict(state["parameters"], held_out[0])
        assert_tensor(predictions, shape=(360,), dtype=torch.int64, device=device)
        accuracy = (predictions == held_out[1]).double().mean().item()
        # A smoke test: 200 runs of a correct solution reached 0.908 to 0.978.
        assert_between(accuracy, 0.85, 1.0)


def problem(rng, device, epochs, dtype=torch.float64):
    """Parameters, and 150 rows in four classes, 37 more to validate on, an order per epoch."""
    parameters = network(rng, (5, 7, 4), device, dtype)
    inputs = 2 * normal(rng, 187, 5, device=device, dtype=dtype) + 0.5
    targets = labels(rng, 187, 4, device)
    orders = np.array([rng.permutation(150) for _ in range(epochs)], dtype=np.int64)
    orders = torch.tensor(orders.reshape(epochs, 150), device=device)
    return parameters, (inputs[:150], targets[:150], (inputs[150:], targets[150:]), orders)


def there_and_back(rng, device):
    """A run whose validation loss falls and rises by plan: its least value is the third.

    Rows 0 to 9 are the validation rows: a step on them lowers its loss. Rows 10 to 19 are the
    same with wrong classes: a step on them raises it by as much, nearly, as long as the network
    has hardly an opinion. So the levels after the epochs are 2, 0, 4, 0, 2, 2 and 0 steps down.
    """
    parameters = [(weight / 50, bias / 50) for weight, bias in network(rng, (3, 2), device)]
    targets = labels(rng, 10, 2, device)
    inputs = normal(rng, 10, 3, device=device) / 2 + (2 * targets[:, None] - 1)
    down, up = np.arange(10), np.arange(10, 20)
    plan = ["dddu", "uuud", "dddd", "uuuu", "dddu", "uudd", "uudu"]
    orders = [np.concatenate([{"d": down, "u": up}[step] for step in epoch]) for epoch in plan]
    return parameters, (
        torch.cat([inputs, inputs]),
        torch.cat([targets, 1 - targets]),
        (inputs, targets),
        torch.tensor(np.array(orders), device=device),
    )


def to_cpu(value):
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {key: to_cpu(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_cpu(item) for item in value)
    return value
