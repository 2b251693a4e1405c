"""Backbone: what is asked, part by part.

Counts are judged against published figures and the formula layer by layer, networks against
torch's functions applied to their weights in float64, integers against exact products, the
loss scaler against torch's own.
"""

from __future__ import annotations

import copy
import functools
import math
import re

import pytest
import torch
from torch import nn
from torch.nn import functional

from grader.testing import assert_between, assert_close, assert_equal, assert_tensor, part

DTYPES = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
MODES = pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])


def normal(rng, *shape, device, dtype=torch.float64, scale=1.0):
    return torch.tensor(scale * rng.normal(size=shape), dtype=dtype, device=device)


def refuses(name, value):
    """Expect a ValueError whose message holds the argument's name and the value."""
    pattern = rf"(?s)(?=.*\b{name}\b).*{re.escape(str(value))}"
    return pytest.raises(ValueError, match=pattern)


def build(kata, name, arguments):
    getattr(kata, name)(**arguments)


# -- Part 1 -----------------------------------------------------------------------------------


class Added(nn.Module):
    """The sum of two branches, and a ReLU if there is one."""

    def __init__(self, body, shortcut=None, *, relu=False):
        super().__init__()
        self.body, self.shortcut = body, shortcut or nn.Identity()
        self.last = nn.ReLU() if relu else nn.Identity()

    def forward(self, x):
        return self.last(self.shortcut(x) + self.body(x))


class Twice(nn.Module):
    """One layer, used twice and on maps of two sizes."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(self.layer(x))


def convolution(inputs, outputs, size, stride=1, groups=1, activation=None):
    layers = [nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)]
    layers += [nn.BatchNorm2d(outputs), *([activation()] if activation else [])]
    return nn.Sequential(*layers)


MOBILENET_V2 = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)]
MOBILENET_V2 += [(6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def mobilenet_v2():
    """The network of Sandler et al. 2018, table 2, at width 1."""
    layers, inputs = [convolution(3, 32, 3, 2, activation=nn.ReLU6)], 32
    for expansion, outputs, count, first in MOBILENET_V2:
        for stride in [first] + [1] * (count - 1):
            hidden = expansion * inputs
            body = [convolution(hidden, hidden, 3, stride, hidden, nn.ReLU6)]
            body += [convolution(hidden, outputs, 1)]
            if expansion > 1:
                body.insert(0, convolution(inputs, hidden, 1, activation=nn.ReLU6))
            block = nn.Sequential(*body)
            layers.append(Added(block) if stride == 1 and inputs == outputs else block)
            inputs = outputs
    layers += [convolution(inputs, 1280, 1, activation=nn.ReLU6), nn.AdaptiveAvgPool2d(1)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, 1000))


def resnet_18():
    """The network of He et al. 2016, table 1, with 18 layers."""
    layers, inputs = [convolution(3, 64, 7, 2, activation=nn.ReLU), nn.MaxPool2d(3, 2, 1)], 64
    for outputs in (64, 128, 256, 512):
        for stride in (1 if outputs == 64 else 2, 1):
            first = convolution(inputs, outputs, 3, stride, activation=nn.ReLU)
            body = nn.Sequential(first, convolution(outputs, outputs, 3))
            shortcut = convolution(inputs, outputs, 1, stride) if inputs != outputs else None
            layers.append(Added(body, shortcut, relu=True))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


@functools.cache
def published(build):
    """A network whose weights are never drawn, only their shapes matter."""
    with torch.device("meta"):
        model = build()
    return model.to_empty(device="cpu")


def counted_and_left(kata, model, shape):
    """The count, and what the caller may see of the model afterwards."""
    macs = kata.count_macs(model, shape)
    modes = [module.training for module in model.modules()]
    hooks = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())
    return macs, model.state_dict(), modes, hooks


@part("Counting", points=1)
class TestCounting:
    def test_parameters_by_hand(self, kata):
        """Weights and biases count; running statistics, and layers without weights, do not."""
        assert_equal(kata.count_parameters(nn.Linear(7, 5)), 40)
        assert_equal(kata.count_parameters(nn.Linear(7, 5, bias=False)), 35)
        assert_equal(kata.count_parameters(nn.Conv2d(6, 8, 3, groups=2)), 8 * 3 * 9 + 8)
        assert_equal(kata.count_parameters(nn.BatchNorm2d(11)), 22)
        assert_equal(kata.count_parameters(nn.Sequential(nn.ReLU(), nn.Flatten())), 0)

    def test_shared_and_frozen_parameters(self, kata):
        """A parameter that two layers share counts once, a frozen one like any other."""
        shared, other = nn.Linear(5, 5, bias=False), nn.Linear(5, 5)
        other.weight = shared.weight
        assert_equal(kata.count_parameters(nn.Sequential(shared, nn.ReLU(), other)), 30)
        frozen = nn.Linear(7, 5).requires_grad_(False)
        assert_equal(kata.count_parameters(nn.Sequential(frozen, nn.Linear(5, 2))), 52)

    @pytest.mark.parametrize(
        ("build", "parameters"), [(mobilenet_v2, 3_504_872), (resnet_18, 11_689_512)]
    )
    def test_published_parameters(self, kata, build, parameters):
        """MobileNetV2 and ResNet-18 have their published numbers of parameters."""
        assert_equal(kata.count_parameters(published(build)), parameters)

    @pytest.mark.parametrize(
        ("build", "macs"), [(mobilenet_v2, 300_774_272), (resnet_18, 1_814_073_344)]
    )
    def test_published_macs(self, kata, build, macs):
        """MobileNetV2 and ResNet-18 have their published MACs for an image of 224 x 224."""
        assert_equal(kata.count_macs(published(build), (3, 224, 224)), macs)

    @pytest.mark.parametrize(
        ("layer", "shape", "macs"),
        [
            (nn.Conv2d(3, 8, 3, padding=1), (3, 9, 7), 9 * 7 * 8 * 3 * 9),
            (nn.Conv2d(3, 8, 3, bias=False), (3, 9, 7), 7 * 5 * 8 * 3 * 9),
            (nn.Conv2d(4, 6, (3, 5), stride=2, padding=(1, 2)), (4, 9, 8), 5 * 4 * 6 * 4 * 15),
            (nn.Conv2d(4, 6, 3, dilation=2), (4, 9, 8), 5 * 4 * 6 * 4 * 9),
            (nn.Conv2d(8, 12, 3, padding=1, groups=4), (8, 5, 6), 5 * 6 * 12 * 2 * 9),
            (nn.Conv2d(8, 8, 3, padding=1, groups=8), (8, 5, 6), 5 * 6 * 8 * 1 * 9),
            (nn.Conv2d(8, 3, 1), (8, 5, 6), 5 * 6 * 3 * 8),
            (nn.Conv2d(1, 3, 3, padding=1), (1, 1, 6), 6 * 3 * 9),
            (nn.Linear(7, 5), (7,), 35),
            (nn.Linear(7, 5, bias=False), (4, 7), 4 * 35),
            (nn.Linear(7, 5), (3, 4, 7), 12 * 35),
        ],
    )
    def test_one_layer(self, kata, layer, shape, macs):
        """Each entry of the weight counts once for each place of the output; biases are free."""
        assert_equal(kata.count_macs(layer, shape), macs)

    def test_other_layers_are_free(self, kata):
        """Batch norm, activations, pooling and dropout cost nothing."""
        layers = [nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.3), nn.Softmax(1)]
        assert_equal(kata.count_macs(nn.Sequential(*layers), (6, 8, 8)), 0)
        assert_equal(kata.count_macs(nn.ReLU(), (6, 8, 8)), 0)
        around = nn.Sequential(*layers, nn.Conv2d(6, 5, 3), nn.BatchNorm2d(5), nn.Sigmoid())
        assert_equal(kata.count_macs(around, (6, 8, 8)), 2 * 2 * 5 * 6 * 9)

    def test_a_layer_used_twice(self, kata):
        """A layer counts as often as it is used, each time with the map that it makes."""
        twice = Twice(nn.Conv2d(4, 4, 3, stride=2, padding=1))
        assert_equal(kata.count_macs(twice, (4, 16, 12)), (8 * 6 + 4 * 3) * 4 * 4 * 9)

    def test_no_arithmetic(self, kata):
        """Images too large for any memory are counted: shapes are enough."""
        model = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Conv2d(8, 5, 1))
        side = 2**25
        assert_equal(kata.count_macs(model, (3, 2 * side, 2 * side)), side**2 * 8 * (27 + 5))

    @DTYPES
    @MODES
    def test_leaves_the_model_alone(self, kata, device, dtype, training):
        """Weights, statistics, modes and hooks of the model are what they were."""
        model = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.Dropout(0.5))
        model.append(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)))
        model.to(device, dtype).train(training)[1].train(not training)
        modes = [module.training for module in model.modules()]
        expected = (20 * 6 * 27 + 24, copy.deepcopy(dict(model.state_dict())), modes, 0)
        assert_equal(kata.run(counted_and_left, model, [3, 5, 4]), expected)

    @pytest.mark.parametrize("shape", [(), (3, 0, 8), (-1, 8, 8)])
    def test_refuses(self, kata, shape):
        """An empty `input_shape`, or one with a size below 1, is a ValueError that holds both."""
        with refuses("input_shape", shape):
            kata.count_macs(nn.Conv2d(3, 8, 3, padding=1), shape)


# -- Part 2 -----------------------------------------------------------------------------------


def shapes_of(kata, name, arguments):
    """The shapes of a new module's state, by name."""
    state = getattr(kata, name)(**arguments).state_dict()
    return {key: list(tensor.shape) for key, tensor in state.items()}


def learned_names(kata, name, arguments):
    return [key for key, _ in getattr(kata, name)(**arguments).named_parameters()]


def run_module(kata, name, arguments, state, x, training):
    """A module with a given state, applied once: outputs, gradients and the state after."""
    module = getattr(kata, name)(**arguments).to(x.device, x.dtype)
    module.load_state_dict(state)
    module.train(training)
    before = x.clone()
    y = module(x.requires_grad_())
    y.square().sum().backward()
    return {
        "outputs": y,
        "input": x,
        "input before": before,
        "gradient": x.grad,
        "gradients": {key: p.grad for key, p in module.named_parameters()},
        "state": module.state_dict(),
    }


def conv_shapes(name, *shape):
    """The state of a convolution without bias and of its batch norm."""
    norms = ("weight", "bias", "running_mean", "running_var")
    shapes = {f"{name}.weight": list(shape)}
    shapes |= {f"{name}_bn.{key}": [shape[0]] for key in norms}
    return shapes | {f"{name}_bn.num_batches_tracked": []}


def random_state(rng, shapes, *, device, dtype):
    """Weights that make activations fall on both sides of 0 and of 6."""
    state = {}
    for key, shape in shapes.items():
        values = rng.normal(size=shape)
        if key.endswith("_bn.weight"):
            values = rng.uniform(2, 4, size=shape)
        elif key.endswith("_bn.bias"):
            values = 2 + 2 * values
        elif key.endswith("running_var"):
            values = rng.uniform(0.5, 2, size=shape)
        elif key.endswith("weight"):
            values = values / math.sqrt(math.prod(shape[1:]))
        state[key] = torch.tensor(values, dtype=dtype, device=device)
        if key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(3, device=device)
    return state


def normed(x, state, name, training, **options):
    """A convolution and its batch norm, whose statistics move in training."""
    y = functional.conv2d(x, state[f"{name}.weight"], **options)
    keys = ("running_mean", "running_var", "weight", "bias")
    tensors = [state[f"{name}_bn.{key}"] for key in keys]
    state[f"{name}_bn.num_batches_tracked"] += training
    return functional.batch_norm(y, *tensors, training, 0.1, 1e-5)


def widened(tensor):
    """A copy, in float64 if it is a floating-point tensor."""
    return tensor.to(torch.float64 if tensor.is_floating_point() else tensor.dtype, copy=True)


def expected_run(forward, given, x, training):
    """What `run_module` is to return, of a module whose outputs are a function of its state.

    All in float64, rounded to the dtype of `x` at the end.
    """
    dtype = x.dtype
    state = {key: widened(tensor) for key, tensor in given.items()}
    learned = [key for key in state if key.endswith(("weight", "bias"))]
    leaves = [state[key].requires_grad_() for key in learned]
    wide = x.detach().double().requires_grad_()
    y = forward(wide, state, training)
    gradient, *gradients = torch.autograd.grad(y.square().sum(), [wide, *leaves])
    after = {key: t.detach().to(given[key].dtype) for key, t in state.items()}
    return {
        "outputs": y.detach().to(dtype),
        "input": x,
        "input before": x,
        "gradient": gradient.to(dtype),
        "gradients": {k: g.to(dtype) for k, g in zip(learned, gradients, strict=True)},
        "state": after,
    }


def assert_run(got, expected):
    """Compare what `run_module` returned.

    In float32 without gradients: rounding may carry an activation over a kink at 0 or 6.
    """
    single = expected["outputs"].dtype == torch.float32
    rtol = 1e-4 if single else 1e-8
    assert_close(got["outputs"], expected["outputs"], rtol=rtol)
    assert_equal(got["input"], expected["input"])
    assert_close(got["state"], expected["state"], rtol=rtol)
    if not single:
        # Before a batch norm gradients may be 0 but for rounding: all are held against the largest.
        gradients = [expected["gradient"], *expected["gradients"].values()]
        atol = rtol * max(g.abs().max().item() for g in gradients if g.numel())
        assert_close(got["gradient"], expected["gradient"], rtol=rtol, atol=atol)
        assert_close(got["gradients"], expected["gradients"], rtol=rtol, atol=atol)


def separable_shapes(in_channels, out_channels, kernel_size=3, **_):
    shapes = conv_shapes("depthwise", in_channels, 1, kernel_size, kernel_size)
    return shapes | conv_shapes("pointwise", out_channels, in_channels, 1, 1)


def separable(stride=1, kernel_size=3, **_):
    """The forward pass of a depthwise separable convolution, as a function of its state."""

    def forward(x, state, training):
        options = {"stride": stride, "padding": kernel_size // 2, "groups": x.shape[1]}
        x = normed(x, state, "depthwise", training, **options).clamp(0, 6)
        return normed(x, state, "pointwise", training).clamp(0, 6)

    return forward


SEPARABLE = pytest.mark.parametrize(
    "arguments",
    [
        {"in_channels": 4, "out_channels": 7},
        {"in_channels": 6, "out_channels": 6, "stride": 2},
        {"in_channels": 3, "out_channels": 5, "stride": 1, "kernel_size": 5},
        {"in_channels": 5, "out_channels": 2, "stride": 2, "kernel_size": 1},
    ],
    ids=["defaults", "stride", "kernel", "both"],
)


@part("Depthwise separable", points=1)
class TestDepthwiseSeparable:
    @SEPARABLE
    def test_names_and_shapes(self, kata, arguments):
        """The state has the names and shapes of the table; the convolutions have no bias."""
        got = kata.run(shapes_of, "DepthwiseSeparable", arguments)
        assert_equal(got, separable_shapes(**arguments))

    def test_by_hand(self, kata, device):
        """Each channel has its own kernel; then each output sums over the channels."""
        state = {
            "depthwise.weight": torch.zeros(2, 1, 3, 3),
            "pointwise.weight": torch.tensor([[1.0, 1.0], [1.0, -1.0], [2.0, 0.0]]),
        }
        state["depthwise.weight"][0, 0, 1, 1] = 2  # doubles
        state["depthwise.weight"][1, 0, 1, 0] = 1  # takes the left neighbour
        state["pointwise.weight"] = state["pointwise.weight"][:, :, None, None]
        for name, channels in (("depthwise_bn", 2), ("pointwise_bn", 3)):
            state |= {f"{name}.weight": torch.full((channels,), math.sqrt(1 + 1e-5))}
            state |= {f"{name}.bias": torch.zeros(channels)}
            state |= {f"{name}.running_mean": torch.zeros(channels)}
            state |= {f"{name}.running_var": torch.ones(channels)}
            state |= {f"{name}.num_batches_tracked": torch.tensor(0)}
        state = {key: tensor.to(device) for key, tensor in state.items()}
        x = torch.tensor([[[[0.5, -1.0, 4.0]], [[0.25, 3.0, 5.0]]]], device=device)
        arguments = {"in_channels": 2, "out_channels": 3}
        got = kata.run(run_module, "DepthwiseSeparable", arguments, state, x, False)
        # After the depthwise layer: [1, 0, 6] (-2 and 8 are clipped) and [0, 0.25, 3].
        rows = [[1.0, 0.25, 6.0], [1.0, 0.0, 3.0], [2.0, 0.0, 6.0]]
        expected = torch.tensor(rows, device=device).reshape(1, 3, 1, 3)
        assert_close(got["outputs"], expected)

    @DTYPES
    @MODES
    @SEPARABLE
    def test_outputs_and_gradients(self, kata, rng, device, dtype, training, arguments):
        """Outputs, gradients and running statistics are those of the layers in the table."""
        state = random_state(rng, separable_shapes(**arguments), device=device, dtype=dtype)
        x = normal(rng, 3, arguments["in_channels"], 7, 6, device=device, dtype=dtype)
        expected = expected_run(separable(**arguments), state, x, training)
        got = kata.run(run_module, "DepthwiseSeparable", arguments, state, x, training)
        assert_run(got, expected)

    @pytest.mark.parametrize("shape", [(0, 4, 5, 5), (1, 4, 1, 1), (2, 4, 1, 6)])
    def test_small_maps(self, kata, rng, device, shape):
        """A map may have one row or one pixel, and a batch no image."""
        arguments = {"in_channels": 4, "out_channels": 7, "stride": 2}
        state = random_state(rng, separable_shapes(4, 7), device=device, dtype=torch.float64)
        x = normal(rng, *shape, device=device)
        expected = expected_run(separable(stride=2), state, x, False)
        got = kata.run(run_module, "DepthwiseSeparable", arguments, state, x, False)
        assert_run(got, expected)

    def test_channels_last(self, kata, rng, device):
        """Images may lie in memory in any order."""
        arguments = {"in_channels": 4, "out_channels": 7}
        state = random_state(rng, separable_shapes(4, 7), device=device, dtype=torch.float64)
        x = normal(rng, 2, 6, 5, 4, device=device).permute(0, 3, 1, 2)
        expected = expected_run(separable(), state, x, False)
        got = kata.run(run_module, "DepthwiseSeparable", arguments, state, x, False)
        assert_run(got, expected)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("stride", 0), ("stride", 3), ("kernel_size", 2), ("kernel_size", 4)],
    )
    def test_refuses(self, kata, name, value):
        """A `stride` other than 1 and 2, or an even `kernel_size`, is a ValueError."""
        arguments = {"in_channels": 4, "out_channels": 7, name: value}
        with refuses(name, value):
            kata.run(build, "DepthwiseSeparable", arguments)


# -- Part 3 -----------------------------------------------------------------------------------


def residual_shapes(in_channels, out_channels, expansion=6, squeeze_channels=0, **_):
    hidden, shapes = in_channels * expansion, {}
    if expansion > 1:
        shapes |= conv_shapes("expand", hidden, in_channels, 1, 1)
    shapes |= conv_shapes("depthwise", hidden, 1, 3, 3)
    if squeeze_channels:
        shapes |= {"squeeze.weight": [squeeze_channels, hidden, 1, 1]}
        shapes |= {"squeeze.bias": [squeeze_channels]}
        shapes |= {"excite.weight": [hidden, squeeze_channels, 1, 1], "excite.bias": [hidden]}
    return shapes | conv_shapes("project", out_channels, hidden, 1, 1)


def inverted(in_channels, out_channels, stride=1, expansion=6, squeeze_channels=0):
    """The forward pass of an inverted residual, as a function of its state."""

    def forward(x, state, training):
        y = normed(x, state, "expand", training).clamp(0, 6) if expansion > 1 else x
        options = {"stride": stride, "padding": 1, "groups": in_channels * expansion}
        y = normed(y, state, "depthwise", training, **options).clamp(0, 6)
        if squeeze_channels:
            pooled = y.mean((2, 3))
            weights = [state[f"{name}.weight"].flatten(1) for name in ("squeeze", "excite")]
            squeezed = functional.relu(pooled @ weights[0].T + state["squeeze.bias"])
            gate = torch.sigmoid(squeezed @ weights[1].T + state["excite.bias"])
            y = y * gate[:, :, None, None]
        y = normed(y, state, "project", training)
        return x + y if stride == 1 and in_channels == out_channels else y

    return forward


RESIDUALS = pytest.mark.parametrize(
    "arguments",
    [
        {"in_channels": 3, "out_channels": 3},
        {"in_channels": 3, "out_channels": 5},
        {"in_channels": 4, "out_channels": 4, "stride": 2, "expansion": 3},
        {"in_channels": 4, "out_channels": 4, "expansion": 1},
        {"in_channels": 5, "out_channels": 2, "stride": 2, "expansion": 1},
        {"in_channels": 3, "out_channels": 3, "expansion": 2, "squeeze_channels": 4},
        {"in_channels": 4, "out_channels": 3, "stride": 2, "squeeze_channels": 1},
        {"in_channels": 4, "out_channels": 4, "expansion": 1, "squeeze_channels": 2},
    ],
    ids=["added", "wider", "stride", "narrow", "narrow-stride", "se", "se-stride", "se-narrow"],
)


class Reader(nn.Module):
    """A network that reads digits: a convolution, two blocks and a linear layer."""

    def __init__(self, kata):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        down = kata.InvertedResidual(8, 8, stride=2, expansion=3)
        self.blocks = nn.Sequential(down, kata.InvertedResidual(8, 8, expansion=3))
        self.last = nn.Linear(32, 10)

    def forward(self, images):
        return self.last(functional.avg_pool2d(self.blocks(self.stem(images)), 2).flatten(1))


def reader_shapes():
    shapes = {"stem.weight": [8, 1, 3, 3], "stem.bias": [8]}
    for k in (0, 1):
        shapes |= {f"blocks.{k}.{key}": s for key, s in residual_shapes(8, 8, 3).items()}
    return shapes | {"last.weight": [10, 32], "last.bias": [10]}


def learn_to_read(kata, state, images, targets, batches, unseen):
    """Logits of new images after training with momentum and a rate that falls from 0.1 to 0."""
    model = Reader(kata).to(images.device)
    model.load_state_dict(state)
    parameters = list(model.train().parameters())
    buffers = [torch.zeros_like(p) for p in parameters]
    for step, batch in enumerate(batches):
        loss = functional.cross_entropy(model(images[batch]), targets[batch])
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, v, g in zip(parameters, buffers, gradients, strict=True):
                p -= 0.1 * (1 - step / len(batches)) * v.mul_(0.9).add_(g)
    return model.eval()(unseen)


@part("Inverted residual", points=2)
class TestInvertedResidual:
    @RESIDUALS
    def test_names_and_shapes(self, kata, arguments):
        """The state has the names and shapes of the table, and nothing that is not used."""
        got = kata.run(shapes_of, "InvertedResidual", arguments)
        assert_equal(got, residual_shapes(**arguments))

    @DTYPES
    @MODES
    @RESIDUALS
    def test_outputs_and_gradients(self, kata, rng, device, dtype, training, arguments):
        """Outputs, gradients and running statistics are those of the layers in the table."""
        state = random_state(rng, residual_shapes(**arguments), device=device, dtype=dtype)
        x = normal(rng, 3, arguments["in_channels"], 5, 6, device=device, dtype=dtype, scale=2)
        expected = expected_run(inverted(**arguments), state, x, training)
        got = kata.run(run_module, "InvertedResidual", arguments, state, x, training)
        assert_run(got, expected)

    def test_linear_bottleneck(self, kata, rng, device):
        """Outputs fall below 0 and rise above 6: nothing clips them after `project_bn`."""
        arguments = {"in_channels": 3, "out_channels": 3, "expansion": 2}
        state = random_state(rng, residual_shapes(3, 3, 2), device=device, dtype=torch.float64)
        state["project_bn.bias"] = torch.tensor([-50.0, 50.0, 9.0], device=device).double()
        x = normal(rng, 4, 3, 6, 6, device=device)
        expected = expected_run(inverted(**arguments), state, x, False)
        got = kata.run(run_module, "InvertedResidual", arguments, state, x, False)
        assert_close(got["outputs"], expected["outputs"])

    @pytest.mark.parametrize("shape", [(0, 3, 5, 5), (1, 3, 1, 1), (2, 3, 1, 6)])
    def test_small_maps(self, kata, rng, device, shape):
        """A map may have one row or one pixel, and a batch no image."""
        arguments = {"in_channels": 3, "out_channels": 3, "squeeze_channels": 4}
        shapes = residual_shapes(**arguments)
        state = random_state(rng, shapes, device=device, dtype=torch.float64)
        x = normal(rng, *shape, device=device)
        expected = expected_run(inverted(**arguments), state, x, False)
        got = kata.run(run_module, "InvertedResidual", arguments, state, x, False)
        assert_run(got, expected)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("stride", 0), ("stride", 3), ("expansion", 0), ("squeeze_channels", -1)],
    )
    def test_refuses(self, kata, name, value):
        """An argument outside its range is a ValueError that holds its name and its value."""
        arguments = {"in_channels": 4, "out_channels": 7, name: value}
        with refuses(name, value):
            kata.run(build, "InvertedResidual", arguments)

    def test_digits(self, kata, rng, device):
        """Two blocks that have seen each digit three times read 80 % of new ones."""
        # Sixty random starts gave 0.92 to 0.98.
        from sklearn.datasets import load_digits

        pixels, digits = load_digits(return_X_y=True)
        order = rng.permutation(len(digits))
        images = torch.tensor(pixels[order] / 16, dtype=torch.float32, device=device)
        images = images.reshape(-1, 1, 8, 8)
        targets = torch.tensor(digits[order], device=device)
        state = random_state(rng, reader_shapes(), device=device, dtype=torch.float32)
        for key, tensor in state.items():
            if "_bn." in key:
                tensor.fill_(key.endswith(("weight", "var")))
        batches = [
            torch.tensor(batch, device=device)
            for _ in range(3)
            for batch in rng.permutation(1408).reshape(-1, 64)
        ]
        known = (images[:1408], targets[:1408], batches)
        logits = kata.run(learn_to_read, state, *known, images[1408:])
        assert_tensor(logits, shape=(389, 10), dtype=torch.float32, device=device)
        right = (logits.argmax(1) == targets[1408:]).double().mean().item()
        assert_between(right, 0.8, 1)


# -- Part 4 -----------------------------------------------------------------------------------

# Width: parameters, and MACs at 224 x 224, of MobileNetV2 with 1000 classes.
PUBLISHED = {
    0.35: (1_677_128, 59_285_808),
    0.5: (1_968_680, 97_131_840),
    0.75: (2_636_424, 209_069_792),
    1.0: (3_504_872, 300_774_272),
    1.4: (6_108_776, 582_195_824),
}


def sizes_of(kata, arguments, shape):
    """Shapes of the parameters by name, and of the features of one image."""
    with torch.device("meta"):
        model = kata.Backbone(**arguments)
    model = model.to_empty(device="cpu").eval()
    features = model.features(torch.empty(0, *shape))
    parameters = {key: list(p.shape) for key, p in model.named_parameters()}
    return parameters, list(features.shape[1:])


def macs_of(shapes, rows, side):
    """MACs of a backbone's weights, on the maps that the strides of its rows make."""
    side = (side + 1) // 2
    total = math.prod(shapes["stem.weight"]) * side**2
    strides = [first if k == 0 else 1 for *_, count, first in rows for k in range(count)]
    for k, stride in enumerate(strides):
        before, side = side, (side + stride - 1) // stride
        for name, size in (("expand", before), ("depthwise", side), ("project", side)):
            total += math.prod(shapes.get(f"blocks.{k}.{name}.weight", [0])) * size**2
    return (
        total + math.prod(shapes["head.weight"]) * side**2 + math.prod(shapes["classifier.weight"])
    )


def features_of(kata, arguments, state, images, training):
    model = kata.Backbone(**arguments).to(images.device, images.dtype)
    model.load_state_dict(state)
    return model.train(training).features(images)


SMALL = [(1, 8, 1, 1), (4, 16, 2, 2), (2, 24, 1, 1)]
# For each case: arguments, channels of the stem, of each row, of the head.
BACKBONES = pytest.mark.parametrize(
    ("arguments", "channels"),
    [
        ({"num_classes": 5, "width": 0.5, "rows": SMALL}, (16, (8, 8, 16), 1280)),
        (
            {"num_classes": 3, "width": 1.1, "rows": SMALL[:2], "in_channels": 1, "dropout": 0.0},
            (32, (8, 16), 1408),
        ),
    ],
    ids=["narrow", "wide"],
)


def backbone_blocks(channels, rows):
    """Arguments of each block."""
    inputs, blocks = channels[0], []
    for (expansion, _, count, first), outputs in zip(rows, channels[1], strict=True):
        for k in range(count):
            stride = first if k == 0 else 1
            blocks.append(
                {
                    "in_channels": inputs,
                    "out_channels": outputs,
                    "stride": stride,
                    "expansion": expansion,
                }
            )
            inputs = outputs
    return blocks


def backbone_shapes(arguments, channels):
    shapes = conv_shapes("stem", channels[0], arguments.get("in_channels", 3), 3, 3)
    blocks = backbone_blocks(channels, arguments["rows"])
    for k, block in enumerate(blocks):
        shapes |= {f"blocks.{k}.{key}": s for key, s in residual_shapes(**block).items()}
    shapes |= conv_shapes("head", channels[2], blocks[-1]["out_channels"], 1, 1)
    classes = arguments["num_classes"]
    return shapes | {"classifier.weight": [classes, channels[2]], "classifier.bias": [classes]}


def backbone(arguments, channels):
    """Forward passes of a backbone, to the features and to the logits."""
    blocks = backbone_blocks(channels, arguments["rows"])

    def features(x, state, training):
        x = normed(x, state, "stem", training, stride=2, padding=1).clamp(0, 6)
        for k, block in enumerate(blocks):
            prefix = f"blocks.{k}."
            names = [key for key in state if key.startswith(prefix)]
            own = {key.removeprefix(prefix): state[key] for key in names}
            x = inverted(**block)(x, own, training)
        return normed(x, state, "head", training).clamp(0, 6)

    def logits(x, state, training):
        pooled = features(x, state, training).mean((2, 3))
        return pooled @ state["classifier.weight"].T + state["classifier.bias"]

    return features, logits


@part("Backbone", points=2)
class TestBackbone:
    @pytest.mark.parametrize(
        ("channels", "expected"),
        [
            (32, 32),
            (33.6, 32),
            (11.2, 16),
            (10, 16),
            (8.8, 8),
            (8.9, 16),
            (5.6, 8),
            (2.5, 8),
            (12, 16),
            (20.0, 24),
            (27.9, 32),
            (92, 96),
            (91.9, 88),
            (134.4, 136),
            (1792.0, 1792),
        ],
    )
    def test_round_channels(self, kata, channels, expected):
        """Channels become the nearest multiple of 8, at least 8, never below 90 %."""
        assert_equal(kata.round_channels(channels), expected)

    @pytest.mark.parametrize(
        ("channels", "divisor", "expected"),
        [
            (18, 4, 20),
            (5, 4, 8),
            (4.4, 4, 4),
            (33, 16, 32),
            (40, 16, 48),
            (1, 16, 16),
            (6.5, 1, 7),
            (10, 9, 9),
        ],
    )
    def test_other_divisors(self, kata, channels, divisor, expected):
        """The divisor may be another than 8."""
        assert_equal(kata.round_channels(channels, divisor), expected)

    @BACKBONES
    def test_names_and_shapes(self, kata, arguments, channels):
        """The state has the names and shapes that the statement gives."""
        got = kata.run(shapes_of, "Backbone", arguments)
        assert_equal(got, backbone_shapes(arguments, channels))

    @MODES
    @BACKBONES
    def test_outputs_and_gradients(self, kata, rng, device, arguments, channels, training):
        """Logits, gradients and running statistics are those of the layers in the table."""
        shapes = backbone_shapes(arguments, channels)
        state = random_state(rng, shapes, device=device, dtype=torch.float64)
        images = normal(rng, 3, arguments.get("in_channels", 3), 17, 14, device=device)
        arguments = {**arguments, "dropout": 0.0}
        expected = expected_run(backbone(arguments, channels)[1], state, images, training)
        got = kata.run(run_module, "Backbone", arguments, state, images, training)
        assert_run(got, expected)

    @BACKBONES
    def test_features(self, kata, rng, device, arguments, channels):
        """`features` gives the maps after the head, before they are averaged."""
        shapes = backbone_shapes(arguments, channels)
        state = random_state(rng, shapes, device=device, dtype=torch.float64)
        shape = (2, arguments.get("in_channels", 3), 18, 24)
        images = normal(rng, *shape, device=device, dtype=torch.float64)
        wide = {key: widened(tensor) for key, tensor in state.items()}
        expected = backbone(arguments, channels)[0](images.double(), wide, False)
        got = kata.run(features_of, arguments, state, images, False)
        assert_close(got, expected, rtol=1e-8)

    @pytest.mark.parametrize("width", PUBLISHED)
    def test_published_counts(self, kata, width):
        """At each width the network has MobileNetV2's published parameters and MACs."""
        arguments = {"num_classes": 1000} | ({"width": width} if width != 1 else {})
        got = kata.run(sizes_of, arguments, (3, 224, 224))
        assert isinstance(got[0], dict), "expected parameters by name"
        assert_equal(got[1], [round(1280 * max(1, width)), 7, 7])
        assert_equal(sum(math.prod(shape) for shape in got[0].values()), PUBLISHED[width][0])
        assert_equal(macs_of(got[0], MOBILENET_V2, 224), PUBLISHED[width][1])

    def test_dropout(self, kata, rng, device):
        """Training drops features, at a share of 1 all of them; evaluation drops none."""
        arguments = {"num_classes": 4, "rows": SMALL[:1], "width": 0.3}
        channels = (16, (8,), 1280)
        shapes = backbone_shapes(arguments, channels)
        state = random_state(rng, shapes, device=device, dtype=torch.float64)
        images = normal(rng, 2, 3, 8, 8, device=device)
        forward = backbone(arguments, channels)[1]
        expected = forward(images, state, False)
        for share in (0.2, 1.0):
            arguments["dropout"] = share
            got = kata.run(run_module, "Backbone", arguments, state, images, False)
            assert_close(got["outputs"], expected)
        got = kata.run(run_module, "Backbone", arguments, state, images, True)
        assert_close(got["outputs"], state["classifier.bias"].expand(2, 4).clone())

    def test_default_dropout(self, kata, rng, device):
        """By default a fifth of the 1280 features is dropped in training."""
        arguments = {"num_classes": 40, "rows": SMALL[:1], "width": 0.3}
        shapes = backbone_shapes(arguments, (16, (8,), 1280))
        state = random_state(rng, shapes, device=device, dtype=torch.float32)
        state["head_bn.weight"].fill_(0)  # all features are 3
        state["head_bn.bias"].fill_(3)
        state["classifier.weight"].copy_(torch.eye(40, 1280))
        state["classifier.bias"].fill_(0)
        images = normal(rng, 64, 3, 2, 2, device=device, dtype=torch.float32)
        got = kata.run(run_module, "Backbone", arguments, state, images, True)["outputs"]
        assert_tensor(got, shape=(64, 40), dtype=torch.float32, device=device)
        kept = got != 0
        assert_close(got, torch.where(kept, 3 / 0.8, 0.0))
        # 2560 draws of probability 0.2: outside of this one time in ten million.
        assert_between(int((~kept).sum()), 512 - 110, 512 + 110)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("width", 0.0),
            ("width", -0.5),
            ("width", math.nan),
            ("dropout", 1.2),
            ("dropout", -0.1),
            ("dropout", math.nan),
        ],
    )
    def test_refuses(self, kata, name, value):
        """An argument outside its range is a ValueError that holds its name and its value."""
        with refuses(name, value):
            kata.run(build, "Backbone", {"num_classes": 3, "rows": SMALL, name: value})

    @pytest.mark.parametrize(
        ("name", "arguments"), [("channels", (0, 8)), ("channels", (-3.5, 4)), ("divisor", (9, 0))]
    )
    def test_round_channels_refuses(self, kata, name, arguments):
        """Channels of 0 or less and a divisor below 1 are a ValueError with name and value."""
        with refuses(name, arguments[0] if name == "channels" else arguments[1]):
            kata.round_channels(*arguments)


# -- Part 5 -----------------------------------------------------------------------------------


class Pair(nn.Module):
    """Convolutions with batch norms, of which only some can be folded."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.first = nn.Conv2d(3, 6, 3, padding=1, bias=False)
        self.first_bn = nn.BatchNorm2d(6)
        self.inner = nn.Sequential()
        self.inner.add_module("deep", nn.Conv2d(6, 4, 3, stride=2, groups=2))
        self.inner.add_module("deep_bn", nn.BatchNorm2d(4, eps=0.01))
        self.inner.add_module("alone_bn", nn.BatchNorm2d(4))
        self.last = nn.Linear(4, 5)
        self.last_bn = nn.BatchNorm1d(5)

    def forward(self, x):
        x = self.first_bn(self.first(self.norm(x))).relu()
        return self.last_bn(self.last(self.inner(x).mean((2, 3))))


PARTS = len(list(Pair().modules()))


def randomise(model, rng, device, dtype=torch.float64):
    """Weights and statistics of every kind, none of them neutral."""
    state = {}
    for key, tensor in model.state_dict().items():
        values = rng.uniform(0.3, 2, size=tensor.shape)
        signed = not key.endswith("running_var")
        sign = rng.choice([-1.0, 1.0], size=tensor.shape) if signed else 1
        state[key] = torch.tensor(values * sign, device=device).to(tensor.dtype)
    model.load_state_dict(state)
    return model.to(device, dtype)


def fold_and_run(kata, model, x):
    """The folded model's outputs, state and modes, and what has become of the model."""
    folded = kata.fold_model(model)
    outputs = folded(x)
    state = {key: tensor.clone() for key, tensor in folded.state_dict().items()}
    with torch.no_grad():
        for tensor in folded.state_dict().values():
            tensor.zero_()
    return {
        "outputs": outputs,
        "state": state,
        "modes": [module.training for module in folded.modules()],
        "state of the model": model.state_dict(),
        "modes of the model": [module.training for module in model.modules()],
    }


def fold_and_overwrite(kata, conv, bn):
    """What the two modules hold after the result has been overwritten."""
    for tensor in kata.fold_batch_norm(conv, bn):
        tensor.fill_(7)
    return conv.state_dict(), bn.state_dict()


FOLDED = pytest.mark.parametrize(
    ("layer", "eps"),
    [
        ({"in_channels": 4, "out_channels": 6, "kernel_size": 3, "bias": False}, 1e-5),
        ({"in_channels": 4, "out_channels": 6, "kernel_size": 3, "padding": 1}, 0.05),
        ({"in_channels": 6, "out_channels": 6, "kernel_size": 3, "groups": 6}, 0.05),
        ({"in_channels": 4, "out_channels": 1, "kernel_size": (1, 3), "stride": 2}, 1e-3),
    ],
    ids=["no-bias", "bias", "depthwise", "one-channel"],
)


@part("Batch norm folded", points=1)
class TestFolding:
    @DTYPES
    @FOLDED
    def test_same_outputs(self, kata, rng, device, dtype, layer, eps):
        """The folded convolution gives the outputs of both layers in evaluation."""
        conv = randomise(nn.Conv2d(**layer), rng, device)
        bn = randomise(nn.BatchNorm2d(layer["out_channels"], eps=eps), rng, device).eval()
        x = normal(rng, 3, layer["in_channels"], 5, 7, device=device)
        with torch.no_grad():
            expected = bn(conv(x)).to(dtype)
        got = kata.fold_batch_norm(conv.to(dtype), bn.to(dtype))
        assert isinstance(got, tuple), "expected a pair: weight and bias"
        assert len(got) == 2, "expected a pair: weight and bias"
        weight, bias = got
        assert_tensor(weight, shape=conv.weight.shape, dtype=dtype, device=device)
        assert_tensor(bias, shape=(layer["out_channels"],), dtype=dtype, device=device)
        options = {"stride": conv.stride, "padding": conv.padding, "groups": conv.groups}
        outputs = functional.conv2d(x.to(dtype), weight, bias, **options)
        assert_close(outputs, expected)

    @FOLDED
    def test_by_the_formula(self, kata, rng, device, layer, eps):
        """Each filter is multiplied by its channel's scale, and the bias follows."""
        conv = randomise(nn.Conv2d(**layer), rng, device)
        bn = randomise(nn.BatchNorm2d(layer["out_channels"], eps=eps), rng, device)
        weights, biases = [], []
        for channel in range(layer["out_channels"]):
            scale = bn.weight[channel] / math.sqrt(bn.running_var[channel].item() + eps)
            bias = 0 if conv.bias is None else conv.bias[channel]
            weights.append(conv.weight[channel] * scale)
            biases.append((bias - bn.running_mean[channel]) * scale + bn.bias[channel])
        expected = torch.stack(weights).detach(), torch.stack(biases).detach()
        assert_close(kata.fold_batch_norm(conv, bn), expected)
        assert_close(kata.fold_batch_norm(conv.train(), bn.train()), expected)

    @MODES
    def test_whole_model(self, kata, rng, device, training):
        """The folded network gives the outputs of the network in evaluation, in either mode."""
        model = randomise(Pair(), rng, device)
        x = normal(rng, 4, 3, 7, 8, device=device)
        expected = model.eval()(x).detach()
        got = kata.run(fold_and_run, model.train(training), x)
        assert_close(got["outputs"], expected)
        assert_equal(got["modes"], [False] * PARTS)

    def test_what_is_folded(self, kata, rng, device):
        """Batch norms `<name>_bn` of convolutions are gone, and all others are as before."""
        model = randomise(Pair(), rng, device)
        state = model.state_dict()
        got = kata.run(fold_and_run, model, normal(rng, 2, 3, 7, 8, device=device))["state"]
        gone = ("first_bn.", "inner.deep_bn.")
        changed = ("first.", "inner.deep.")
        kept = {key: t for key, t in state.items() if not key.startswith((*gone, *changed))}
        assert_equal({k: t for k, t in got.items() if not k.startswith(changed)}, kept)
        names = {k for k in got if k.startswith(changed)}
        expected = {f"{name}{kind}" for name in changed for kind in ("weight", "bias")}
        assert_equal(sorted(names), sorted(expected))

    @MODES
    def test_leaves_the_model_alone(self, kata, rng, device, training):
        """Folding, and writing to the result, change neither the network nor its mode."""
        model = randomise(Pair(), rng, device).train(training)
        expected = copy.deepcopy(dict(model.state_dict()))
        got = kata.run(fold_and_run, model, normal(rng, 2, 3, 7, 8, device=device))
        assert_equal(got["state of the model"], expected)
        assert_equal(got["modes of the model"], [training] * PARTS)

    def test_leaves_the_layers_alone(self, kata, rng, device):
        """`fold_batch_norm` changes neither layer, and returns memory of its own."""
        conv = randomise(nn.Conv2d(3, 4, 3), rng, device)
        bn = randomise(nn.BatchNorm2d(4), rng, device)
        expected = copy.deepcopy((dict(conv.state_dict()), dict(bn.state_dict())))
        assert_equal(kata.run(fold_and_overwrite, conv, bn), expected)


# -- Part 6 -----------------------------------------------------------------------------------


def quantise_and_return_the_weight(kata, weight):
    for tensor in kata.quantise(weight):
        tensor.fill_(7)
    return weight


def multiply_and_return_arguments(kata, inputs, weight, scale, bias):
    kata.int8_matmul(weight, weight).fill_(7)
    kata.int8_linear(inputs, weight, scale).fill_(7)
    kata.int8_linear(inputs, weight, scale, bias).fill_(7)
    return inputs, weight, scale, bias


def int8(rng, *shape, device):
    return torch.tensor(rng.integers(-127, 128, size=shape), dtype=torch.int8, device=device)


def steps_of(weight):
    """The scale of each channel, channel by channel."""
    peaks = [row.abs().max().item() for row in weight.double()]
    scales = [peak / 127 if peak else 1.0 for peak in peaks]
    return torch.tensor(scales, dtype=torch.float64, device=weight.device).to(weight.dtype)


@part("Eight bits", points=1)
class TestEightBits:
    def test_by_hand(self, kata, device):
        """Each channel is divided by its own scale; halves round to the even number."""
        rows = [[127.0, -2.5, 1.5, 0.5], [0.75, -31.75, 0.3, -0.3], [0.0, 0.0, 0.0, 0.0]]
        integers = [[127, -2, 2, 0], [3, -127, 1, -1], [0, 0, 0, 0]]
        expected = (
            torch.tensor(integers, dtype=torch.int8, device=device),
            torch.tensor([1.0, 0.25, 1.0], device=device),
        )
        assert_equal(kata.quantise(torch.tensor(rows, device=device)), expected)

    def test_symmetric(self, kata, device):
        """Positive and negative weights have the same integers up to the sign, to 127."""
        rows = torch.tensor([[1.0, -0.2, 0.6], [-1.0, 0.2, -0.6]], device=device).double()
        expected = torch.tensor([[127, -25, 76], [-127, 25, -76]], dtype=torch.int8, device=device)
        scale = torch.tensor([1 / 127, 1 / 127], dtype=torch.float64, device=device)
        assert_close(kata.quantise(rows), (expected, scale))

    @DTYPES
    @pytest.mark.parametrize("shape", [(5, 40), (6, 3, 3, 3), (4, 1, 5, 5), (1, 7)])
    def test_any_shape(self, kata, rng, device, dtype, shape):
        """Integers have the weight's shape, scales one entry for each first index."""
        spread = normal(rng, shape[0], *[1] * (len(shape) - 1), device=device).exp()
        weight = (normal(rng, *shape, device=device) * spread).to(dtype)
        got = kata.quantise(weight)
        assert isinstance(got, tuple), "expected a pair: integers and scale"
        assert len(got) == 2, "expected a pair: integers and scale"
        integers, scale = got
        assert_close(scale, steps_of(weight))
        assert_tensor(integers, shape=shape, dtype=torch.int8, device=device)
        exact = weight.double() / scale.double().reshape(-1, *[1] * (len(shape) - 1))
        # Half a step, and what a division in the weight's own dtype may differ by.
        assert_between(integers.double() - exact, -0.5001, 0.5001)

    def test_no_channels(self, kata, device):
        """A weight without channels has no scales."""
        empty = torch.zeros(0, 5, device=device)
        expected = (torch.zeros(0, 5, dtype=torch.int8, device=device), empty[:, 0])
        assert_equal(kata.quantise(empty), expected)

    def test_transposed(self, kata, rng, device):
        """A weight may lie in memory in any order."""
        weight = normal(rng, 6, 4, device=device)
        assert_equal(kata.quantise(weight.T), kata.quantise(weight.T.contiguous()))
        assert_close(kata.quantise(weight.T)[1], steps_of(weight.T))

    @pytest.mark.parametrize(("n", "k", "m"), [(3, 5, 4), (17, 64, 9), (1, 2500, 2), (32, 33, 16)])
    def test_product(self, kata, rng, device, n, k, m):
        """`int8_matmul` is the exact product of the first and the transposed second."""
        a, b = int8(rng, n, k, device=device), int8(rng, m, k, device=device)
        expected = (a.cpu().long() @ b.cpu().long().T).int().to(device)
        assert_equal(kata.int8_matmul(a, b), expected)

    def test_product_needs_32_bits(self, kata, device):
        """Sums beyond 16 bits, and beyond what float32 holds exactly, are exact."""
        a = torch.full((2, 5001), 127, dtype=torch.int8, device=device)
        b = torch.full((3, 5001), -127, dtype=torch.int8, device=device)
        b[:, -1] = torch.tensor([1, 2, 3], dtype=torch.int8)
        sums = torch.tensor([-80645000 + 127 * k for k in (1, 2, 3)], dtype=torch.int32)
        assert_equal(kata.int8_matmul(a, b), sums.to(device).expand(2, 3).clone())
        a, b = a[:, :1].expand(2, 130_000), b[:, :1].expand(3, 130_000)
        total = torch.full((2, 3), -16129 * 130_000, dtype=torch.int32, device=device)
        assert_equal(kata.int8_matmul(a, b), total)

    def test_product_of_nothing(self, kata, rng, device):
        """No rows, on either side, and no columns are fine."""
        a, b = int8(rng, 4, 6, device=device), int8(rng, 3, 6, device=device)
        zeros = torch.zeros(4, 3, dtype=torch.int32, device=device)
        assert_equal(kata.int8_matmul(a[:0], b), zeros[:0])
        assert_equal(kata.int8_matmul(a, b[:0]), zeros[:, :0])
        assert_equal(kata.int8_matmul(a[:, :0], b[:, :0]), zeros)

    @DTYPES
    @pytest.mark.parametrize(("n", "k", "m"), [(6, 20, 5), (1, 700, 3), (0, 4, 2)])
    def test_linear(self, kata, rng, device, dtype, n, k, m):
        """Rows are quantised each by itself; the integer product takes both scales, then the bias.

        Inputs are multiples of a power of two, so that their integers are certain.
        """
        steps = 2.0 ** torch.tensor(rng.integers(-5, 5, size=(n, 1)), device=device)
        integers = int8(rng, n, k, device=device)
        integers[:, 0] = 127
        inputs = (integers.double() * steps).to(dtype)
        weight = int8(rng, m, k, device=device)
        scale = torch.tensor(rng.uniform(0.01, 0.2, size=m), dtype=dtype, device=device)
        bias = normal(rng, m, device=device, dtype=dtype, scale=5)
        exact = (integers.double() @ weight.double().T) * steps * scale.double()
        assert_close(kata.int8_linear(inputs, weight, scale), exact.to(dtype))
        expected = (exact + bias.double()).to(dtype)
        assert_close(kata.int8_linear(inputs, weight, scale, bias), expected)

    def test_near_the_float_layer(self, kata, rng, device):
        """A layer in 8 bits is near the layer in floating point, whatever the rows' sizes."""
        weight = normal(rng, 12, 200, device=device, dtype=torch.float32)
        inputs = normal(rng, 30, 200, device=device, dtype=torch.float32)
        inputs *= torch.logspace(-4, 4, 30, device=device).unsqueeze(1)
        scale = steps_of(weight)
        integers = (weight / scale.unsqueeze(1)).round().to(torch.int8)
        got = kata.int8_linear(inputs, integers, scale)
        dense = inputs @ weight.T
        assert_tensor(got, shape=(30, 12), dtype=torch.float32, device=device)
        error = (got - dense).norm(dim=1) / dense.norm(dim=1)
        assert_between(error, 0, 0.05)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """No function changes its arguments, nor returns memory that is theirs."""
        weight = normal(rng, 4, 6, device=device)
        assert_equal(kata.run(quantise_and_return_the_weight, weight), weight)
        weight = int8(rng, 4, 6, device=device)
        scale = torch.tensor(rng.uniform(0.01, 0.2, size=4), device=device)
        arguments = (normal(rng, 3, 6, device=device), weight, scale, scale + 2)
        assert_equal(kata.run(multiply_and_return_arguments, *arguments), arguments)

    @pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.float32])
    def test_refuses(self, kata, rng, device, dtype):
        """Factors that are not int8 are a ValueError that holds the name and the dtype."""
        a, b = int8(rng, 3, 5, device=device), int8(rng, 2, 5, device=device)
        with refuses("a", dtype):
            kata.int8_matmul(a.to(dtype), b)
        with refuses("b", dtype):
            kata.int8_matmul(a, b.to(dtype))


# -- Part 7 -----------------------------------------------------------------------------------


def distil_and_differentiate(kata, student, teacher, targets, options):
    """The loss, its gradients, and the arguments afterwards."""
    student.requires_grad_()
    teacher.requires_grad_()
    loss = kata.distillation_loss(student, teacher, targets, **options)
    loss.backward()
    return loss, student.grad, teacher.grad, (student, teacher, targets)


def expected_loss(student, teacher, targets, temperature, alpha):
    """The formula, example by example, in float64."""
    total = 0.0
    for s, t, target in zip(student.double(), teacher.double(), targets.tolist(), strict=True):
        log_q = s / temperature - (s / temperature).logsumexp(0)
        log_p = t / temperature - (t / temperature).logsumexp(0)
        divergence = (log_p.exp() * (log_p - log_q)).sum()
        entropy = s.logsumexp(0) - s[target]
        total = total + alpha * temperature**2 * divergence + (1 - alpha) * entropy
    return total / len(student)


def lesson(rng, device, dtype=torch.float64, shape=(6, 5), scale=3.0):
    student = normal(rng, *shape, device=device, dtype=dtype, scale=scale)
    teacher = normal(rng, *shape, device=device, dtype=dtype, scale=scale)
    targets = torch.tensor(rng.integers(shape[1], size=shape[0]), device=device)
    return student, teacher, targets


OPTIONS = pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 2.5},
        {"alpha": 0.3},
        {"temperature": 0.5, "alpha": 0.6},
        {"temperature": 3.0, "alpha": 1.0},
        {"temperature": 3.0, "alpha": 0.0},
    ],
    ids=["defaults", "temperature", "alpha", "both", "teacher-only", "labels-only"],
)


@part("Distillation", points=1)
class TestDistillation:
    @DTYPES
    @OPTIONS
    @pytest.mark.parametrize("shape", [(6, 5), (1, 3)], ids=["batch", "one"])
    def test_loss(self, kata, rng, device, dtype, options, shape):
        """The loss is alpha T^2 KL + (1 - alpha) CE, each a mean over the examples."""
        student, teacher, targets = lesson(rng, device, dtype, shape)
        full = {"temperature": 4.0, "alpha": 0.9} | options
        expected = expected_loss(student, teacher, targets, **full).to(dtype)
        got = kata.distillation_loss(student, teacher, targets, **options)
        assert_close(got, expected, atol=1e-6 if dtype == torch.float32 else None)

    @OPTIONS
    def test_gradients(self, kata, rng, device, options):
        """The student learns by the loss's gradient; none reaches the teacher."""
        student, teacher, targets = lesson(rng, device)
        full = {"temperature": 4.0, "alpha": 0.9} | options
        leaf = student.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(expected_loss(leaf, teacher, targets, **full), leaf)
        got = kata.run(distil_and_differentiate, student, teacher, targets, options)
        assert isinstance(got, tuple), "the loss has no gradient"
        assert_close(got[1], gradient)
        assert_equal(got[2], None)
        assert_equal(got[3], (student, teacher, targets))

    def test_same_logits(self, kata, rng, device):
        """With the teacher's own logits nothing is lost to the teacher."""
        student, _, targets = lesson(rng, device)
        got = kata.distillation_loss(student, student + 2.5, targets, 3.0, 1.0)
        assert_close(got, torch.zeros((), dtype=torch.float64, device=device), atol=1e-12)

    def test_gradient_keeps_its_size(self, kata, rng, device):
        """At high temperature the gradient nears (student - teacher) / classes / n."""
        student, teacher, targets = lesson(rng, device, scale=1.0)
        student, teacher = (z - z.mean(1, keepdim=True) for z in (student, teacher))
        options = {"temperature": 1e4, "alpha": 1.0}
        got = kata.run(distil_and_differentiate, student, teacher, targets, options)[1]
        assert_close(got, (student - teacher) / 5 / 6, rtol=1e-3)

    @DTYPES
    def test_large_logits(self, kata, rng, device, dtype):
        """Logits of ten thousand give finite losses and gradients."""
        student, teacher, targets = lesson(rng, device, dtype, scale=1e4)
        options = {"temperature": 2.0, "alpha": 0.4}
        leaf = student.double().requires_grad_()
        expected = expected_loss(leaf, teacher, targets, **options)
        (gradient,) = torch.autograd.grad(expected, leaf)
        got = kata.run(distil_and_differentiate, student, teacher, targets, options)
        assert isinstance(got, tuple), "the loss has no gradient"
        assert_close(got[0], expected.detach().to(dtype), rtol=1e-4)
        assert_close(got[1], gradient.to(dtype), atol=1e-4)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("temperature", 0.0), ("temperature", -2.0), ("alpha", 1.1), ("alpha", -0.2)],
    )
    def test_refuses(self, kata, rng, device, name, value):
        """An argument outside its range is a ValueError that holds its name and its value."""
        with refuses(name, value):
            kata.distillation_loss(*lesson(rng, device), **{name: value})

    @pytest.mark.parametrize("name", ["temperature", "alpha"])
    def test_refuses_nan(self, kata, rng, device, name):
        """NaN is in no range."""
        with refuses(name, math.nan):
            kata.distillation_loss(*lesson(rng, device), **{name: math.nan})


# -- Part 8 -----------------------------------------------------------------------------------


class Descent:
    """Plain gradient descent, as little of an optimiser as a loss scaler may ask for."""

    def __init__(self, *groups, lr=0.1):
        self.param_groups = [{"params": list(group), "lr": lr} for group in groups]
        self.steps = 0

    @torch.no_grad()
    def step(self):
        self.steps += 1
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p -= group["lr"] * p.grad
        return self.steps


def backward(scaler, parameters, gradients):
    """Give each parameter a gradient by way of a scaled loss, or none."""
    for p in parameters:
        p.grad = None
    pairs = zip(parameters, gradients, strict=True)
    terms = [(p * g).sum() for p, g in pairs if g is not None]
    scaler.scale(torch.stack(terms).sum()).backward()


def train(scaler, start, iterations):
    """Parameters, gradients, result of the step, and the factor, after each iteration."""
    parameters = [p.clone().requires_grad_() for p in start]
    optimizer = Descent(parameters[:1], parameters[1:])
    history = []
    for gradients in iterations:
        backward(scaler, parameters, gradients)
        scaled = [None if p.grad is None else p.grad.clone() for p in parameters]
        result = scaler.step(optimizer)
        scaler.update()
        after = [p.detach().clone() for p in parameters]
        history.append((scaled, after, result, optimizer.steps, scaler.get_scale()))
    return history, scaler.state_dict()


def train_with(kata, options, start, iterations):
    return train(kata.LossScaler(**options), start, iterations)


def train_from(kata, state, start, iterations):
    """The factors of a scaler by default whose state has been changed."""
    scaler = kata.LossScaler()
    scaler.load_state_dict({**scaler.state_dict(), **state})
    return [after[4] for after in train(scaler, start, iterations)[0]]


def unscale_then_clip(scaler, start, gradients):
    """One iteration in which gradients are looked at and halved before the step."""
    parameters = [p.clone().requires_grad_() for p in start]
    optimizer = Descent(parameters)
    backward(scaler, parameters, gradients)
    scaler.unscale_(optimizer)
    seen = [p.grad.clone() for p in parameters]
    for p in parameters:
        p.grad.mul_(0.5)
    scaler.step(optimizer)
    scaler.update()
    return seen, [p.detach() for p in parameters], scaler.get_scale()


def unscale_then_clip_with(kata, options, start, gradients):
    return unscale_then_clip(kata.LossScaler(**options), start, gradients)


def two_optimizers(scaler, start, iterations):
    """Two optimisers, each with half of the parameters, and one update for both."""
    parameters = [p.clone().requires_grad_() for p in start]
    optimizers = [Descent([p]) for p in parameters]
    history = []
    for gradients in iterations:
        backward(scaler, parameters, gradients)
        for optimizer in optimizers:
            scaler.step(optimizer)
        scaler.update()
        steps = [optimizer.steps for optimizer in optimizers]
        history.append(([p.detach().clone() for p in parameters], steps, scaler.get_scale()))
    return history


def two_optimizers_with(kata, options, start, iterations):
    return two_optimizers(kata.LossScaler(**options), start, iterations)


def resume(kata, options, start, iterations, at):
    """The same training, broken off, and continued by a new scaler with other settings."""
    first, state = train(kata.LossScaler(**options), start, iterations[:at])
    second = kata.LossScaler(growth_interval=7)
    second.load_state_dict(copy.deepcopy(state))
    third, after = train(second, first[-1][1], iterations[at:])
    return state, [h[4] for h in third], after


def scale_many(kata, options, tensors):
    scaler = kata.LossScaler(**options)
    return [scaler.scale(tensor) for tensor in tensors], tensors


def unscale_twice(kata, stepped):
    p = torch.ones(3, requires_grad=True)
    scaler, optimizer = kata.LossScaler(), Descent([p])
    scaler.scale(p.sum()).backward()
    scaler.step(optimizer) if stepped else scaler.unscale_(optimizer)
    scaler.unscale_(optimizer)


def torch_scaler(**options):
    return torch.amp.GradScaler("cpu", **options)


def some_gradients(rng, device, kinds):
    """For each letter gradients of two parameters: finite, infinite, NaN, or one missing."""
    iterations = []
    for kind in kinds:
        pair = [normal(rng, *s, device=device, dtype=torch.float32) for s in ((3, 2), (4,))]
        if kind in "in":
            spoiled = pair[int(rng.integers(2))].view(-1)
            spoiled[int(rng.integers(len(spoiled)))] = {"i": -math.inf, "n": math.nan}[kind]
        iterations.append([pair[0], None] if kind == "m" else pair)
    return iterations


def start_of(rng, device):
    return [normal(rng, *s, device=device, dtype=torch.float32) for s in ((3, 2), (4,))]


FAST = {"init_scale": 1024.0, "growth_factor": 4.0, "backoff_factor": 0.25, "growth_interval": 3}


@part("Loss scaling", points=1)
class TestLossScaling:
    @pytest.mark.parametrize("options", [{}, {"init_scale": 24.0}], ids=["default", "24"])
    def test_scale(self, kata, rng, device, options):
        """`scale` multiplies any tensor by the factor, 65536 by default, and keeps its dtype."""
        factor = options.get("init_scale", 65536.0)
        tensors = [normal(rng, *s, device=device) for s in ((), (3,))]
        tensors.append(torch.tensor(0.25, dtype=torch.float16, device=device))
        got = kata.run(scale_many, options, tensors)
        assert_equal(got, ([tensor * factor for tensor in tensors], tensors))

    @pytest.mark.parametrize("kinds", ["ffffffff", "ffiffff", "nnfffinffff", "ffmmif", "iiii"])
    @pytest.mark.parametrize(
        "options", [FAST, FAST | {"init_scale": 96.0, "growth_interval": 1}, {}], ids=str
    )
    def test_like_torch(self, kata, rng, device, options, kinds):
        """Steps, skips, factor and state are those of `torch.amp.GradScaler`."""
        start, iterations = start_of(rng, device), some_gradients(rng, device, kinds)
        expected = train(torch_scaler(**options), start, iterations)
        assert_close(kata.run(train_with, options, start, iterations), expected)

    def test_by_hand(self, kata, rng, device):
        """Three good iterations make the factor grow, a bad one shrinks it and starts over."""
        iterations = some_gradients(rng, device, "fffffifff")
        history, state = kata.run(train_with, FAST, start_of(rng, device), iterations)
        factors = [1024.0, 1024.0, 4096.0, 4096.0, 4096.0, 1024.0, 1024.0, 1024.0, 4096.0]
        assert_close([after[4] for after in history], factors)
        assert_equal([after[2] for after in history], [1, 2, 3, 4, 5, None, 6, 7, 8])
        expected = {
            "scale": 4096.0,
            "growth_factor": 4.0,
            "backoff_factor": 0.25,
            "growth_interval": 3,
            "_growth_tracker": 0,
        }
        assert_close(state, expected)

    def test_default_interval(self, kata, rng, device):
        """By default the factor doubles after 2000 good iterations in a row."""
        start, iterations = start_of(rng, device), some_gradients(rng, device, "ffff")
        got = kata.run(train_from, {"_growth_tracker": 1997}, start, iterations)
        assert_close(got, [65536.0, 65536.0, 131072.0, 131072.0])

    def test_unscale_before_the_step(self, kata, rng, device):
        """After `unscale_` the gradients are true to size, and `step` leaves them so."""
        start, (gradients,) = start_of(rng, device), some_gradients(rng, device, "f")
        expected = unscale_then_clip(torch_scaler(**FAST), start, gradients)
        assert_close(expected[0], gradients)
        got = kata.run(unscale_then_clip_with, FAST, start, gradients)
        assert_close(got, expected)

    def test_infinite_before_it_is_clipped(self, kata, rng, device):
        """What `unscale_` found is not forgotten when the gradient is changed before the step."""
        start, (gradients,) = start_of(rng, device), some_gradients(rng, device, "i")
        got = kata.run(unscale_then_clip_with, FAST, start, gradients)
        assert_close(got, unscale_then_clip(torch_scaler(**FAST), start, gradients))
        assert_equal(got[1], start)

    def test_large_is_not_infinite(self, kata, rng, device):
        """Gradients near the end of float32 are finite, even if their sum is not."""
        start, (gradients,) = start_of(rng, device), some_gradients(rng, device, "f")
        large = [torch.full_like(gradient, 2e38) for gradient in gradients]
        options = {"init_scale": 0.5}
        expected = train(torch_scaler(**options), start, [large, gradients])
        assert_close(kata.run(train_with, options, start, [large, gradients]), expected)

    @pytest.mark.parametrize("kinds", ["ff", "iffff", "fnfi"])
    def test_two_optimizers(self, kata, rng, device, kinds):
        """An optimiser with finite gradients steps; one bad one is enough to shrink the factor."""
        start, iterations = start_of(rng, device), some_gradients(rng, device, kinds)
        expected = two_optimizers(torch_scaler(**FAST), start, iterations)
        got = kata.run(two_optimizers_with, FAST, start, iterations)
        assert_close(got, expected)

    def test_growth_ends_with_float32(self, kata, rng, device):
        """The factor does not grow beyond the range of float32."""
        options = {"init_scale": 2.0**126, "growth_interval": 2}
        iterations = [[g * 2.0**-126 for g in two] for two in some_gradients(rng, device, "f" * 7)]
        start = start_of(rng, device)
        expected = train(torch_scaler(**options), start, iterations)
        got = kata.run(train_with, options, start, iterations)
        assert_close(got[1], expected[1])
        assert_close([after[4] for after in got[0]], [2.0**126] + [2.0**127] * 6)

    @pytest.mark.parametrize("at", [1, 2, 4])
    def test_resume(self, kata, rng, device, at):
        """A scaler with a loaded state goes on as if nothing had happened."""
        start, iterations = start_of(rng, device), some_gradients(rng, device, "ffiffff")
        state = train(torch_scaler(**FAST), start, iterations[:at])[1]
        history, after = train(torch_scaler(**FAST), start, iterations)
        expected = (state, [h[4] for h in history[at:]], after)
        assert_close(kata.run(resume, FAST, start, iterations, at), expected)

    @pytest.mark.parametrize("stepped", [False, True])
    def test_refuses_a_second_unscale(self, kata, stepped):
        """A second `unscale_` before the update is a RuntimeError that contains its name."""
        # NotImplementedError is a RuntimeError too: a stub has to end before the `with`.
        kata.run(build, "LossScaler", {})
        with pytest.raises(RuntimeError, match="unscale_"):
            kata.run(unscale_twice, stepped)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("init_scale", 0.0),
            ("init_scale", -8.0),
            ("init_scale", math.nan),
            ("growth_factor", 1.0),
            ("growth_factor", 0.5),
            ("backoff_factor", 1.0),
            ("backoff_factor", 0.0),
            ("growth_interval", 0),
        ],
    )
    def test_refuses(self, kata, name, value):
        """An argument outside its range is a ValueError that holds its name and its value."""
        with refuses(name, value):
            kata.run(build, "LossScaler", {name: value})
