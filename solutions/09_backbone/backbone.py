"""A small, fast convolutional network: counted, built, folded, quantised, taught and scaled.

MobileNetV2 is the example: cheap depthwise convolutions between narrow linear layers. What
makes such a network practical comes with it: counting its cost before it runs, folding
batch norm away, weights and activations in 8 bits, a teacher, and a loss scale for half
precision. Names of layers are fixed, because a checkpoint is a dict of names.

Sources: Howard et al. 2017 (depthwise separable), Sandler et al. 2018 (inverted residuals,
MobileNetV2), Hu et al. 2018 (squeeze and excitation), Jacob et al. 2018 (integer
arithmetic), Hinton et al. 2015 (distillation), Micikevicius et al. 2018 (loss scaling).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

# Expansion, output channels at width 1, blocks, stride of the first block.
MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)

# -- Part 1: Counting -------------------------------------------------------------------------


def count_parameters(model: nn.Module) -> int:
    """Number of entries of all parameters.

    Parameters
    ----------
    model : nn.Module
        On any device, the meta device included.

    Returns
    -------
    int
        A parameter that several modules share counts once, a frozen one like any other.
        Buffers, such as running statistics, are no parameters.
    """
    return sum(parameter.numel() for parameter in model.parameters())


@torch.no_grad()
def count_macs(model: nn.Module, input_shape: Sequence[int]) -> int:
    """Multiply-accumulates of a network's convolutions and linear layers, for one example.

    Nothing is multiplied: shapes are enough.

    Parameters
    ----------
    model : nn.Module
        Of floating dtype, on any device, in any mode; it stays as it is. Takes batches of any
        size, an empty one too, and keeps the dimension of the batch in front.
    input_shape : sequence of int
        Shape of one example, without the batch dimension, each size at least 1.

    Returns
    -------
    int
        Sum over all uses of `nn.Conv2d` and `nn.Linear` modules in a forward pass. Biases,
        and all other modules, cost nothing.

    Raises
    ------
    ValueError
        If `input_shape` is empty or holds a size below 1; the message holds its name and
        its value as a tuple.

    Notes
    -----
    A convolution with `c` input channels, `o` output channels, `g` groups and a kernel of
    `k` by `l` that makes a map of `h` by `w` costs `h * w * o * (c / g) * k * l`, a linear
    layer `inputs * outputs` for each vector that it is applied to. Papers that speak of
    FLOPs mean this number, or twice this number.

    Examples
    --------
    >>> count_macs(nn.Conv2d(3, 8, 3, stride=2, padding=1), (3, 32, 32))
    55296
    """
    shape = tuple(input_shape)
    _require(min(shape, default=0) >= 1, "sizes from 1", input_shape=shape)
    tensors = list(chain(model.parameters(), model.buffers()))
    # The twin shares all tensors; its mode and its hooks are its own.
    twin = copy.deepcopy(model, {id(tensor): tensor for tensor in tensors}).eval()
    macs = 0

    def count(layer: nn.Module, _inputs: object, output: Tensor) -> None:
        nonlocal macs
        weight: Any = layer.weight
        # Each entry of the weight is used once for each place of the output.
        macs += weight.numel() * (math.prod(output.shape[1:]) // len(weight))

    for layer in twin.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    # An empty batch has all the shapes and none of the work.
    twin(next(iter(tensors), torch.empty(0)).new_empty(0, *shape))
    return macs


# -- Part 2: Depthwise separable --------------------------------------------------------------


class DepthwiseSeparable(nn.Module):
    """A convolution in two cheap steps: each channel by itself, then across channels.

    Parameters
    ----------
    in_channels, out_channels : int
    stride : int, default 1
        Of the depthwise convolution, 1 or 2.
    kernel_size : int, default 3
        Side of the depthwise kernels, odd.

    Raises
    ------
    ValueError
        If `stride` or `kernel_size` is outside its range; the message holds its name and its
        value.

    Notes
    -----
    In order: `depthwise`, an `nn.Conv2d` with one kernel for each channel and a padding of
    `kernel_size // 2`; `depthwise_bn`, an `nn.BatchNorm2d`; ReLU6; `pointwise`, a 1 x 1
    `nn.Conv2d`; `pointwise_bn`; ReLU6. The convolutions have no bias.

    References
    ----------
    Howard et al. 2017, "MobileNets: Efficient Convolutional Neural Networks for Mobile
    Vision Applications".
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, kernel_size: int = 3
    ) -> None:
        super().__init__()
        _between(1, 2, stride=stride)
        _require(kernel_size % 2 == 1, "an odd number", kernel_size=kernel_size)
        self.depthwise, self.depthwise_bn = _conv_bn(
            in_channels, in_channels, kernel_size, stride, groups=in_channels
        )
        self.pointwise, self.pointwise_bn = _conv_bn(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps of shape (n, in_channels, h, w) become (n, out_channels, h / stride, w / stride).

        Heights and widths are rounded up.
        """
        x = _relu6(self.depthwise_bn(self.depthwise(x)))
        return _relu6(self.pointwise_bn(self.pointwise(x)))


def _conv_bn(
    inputs: int, outputs: int, kernel_size: int, stride: int = 1, groups: int = 1
) -> tuple[nn.Module, nn.Module]:
    padding = kernel_size // 2
    # No bias: batch norm would subtract it again.
    conv = nn.Conv2d(inputs, outputs, kernel_size, stride, padding, groups=groups, bias=False)
    return conv, nn.BatchNorm2d(outputs)


def _relu6(x: Tensor) -> Tensor:
    # In place: it only ever gets what batch norm, or a folded convolution, has just made.
    return functional.relu6(x, inplace=True)


# -- Part 3: Inverted residual ----------------------------------------------------------------


class InvertedResidual(nn.Module):
    """The block of MobileNetV2: widen, filter each channel, narrow without activation.

    Parameters
    ----------
    in_channels, out_channels : int
    stride : int, default 1
        Of the depthwise convolution, 1 or 2.
    expansion : int, default 6
        Hidden channels for each input channel, at least 1. With 1 there is no expansion:
        neither its convolution nor its batch norm nor its activation.
    squeeze_channels : int, default 0
        Channels between the two layers of squeeze and excitation; 0 for a block without.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    In order, with `hidden = in_channels * expansion`: `expand`, a 1 x 1 `nn.Conv2d`,
    `expand_bn`, ReLU6; `depthwise`, 3 x 3 with one kernel for each channel and a padding of
    1, `depthwise_bn`, ReLU6; squeeze and excitation; `project`, 1 x 1, `project_bn`. These
    convolutions have no bias. If the stride is 1 and `in_channels` equals `out_channels`,
    the input is added at the end.

    Squeeze and excitation: the mean of each channel over the map, through `squeeze` (1 x 1
    `nn.Conv2d` with bias), ReLU, `excite` (the same) and a sigmoid, is the factor by which the
    channel is multiplied.

    References
    ----------
    Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks"; Hu et al.
    2018, "Squeeze-and-Excitation Networks".
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        expansion: int = 6,
        squeeze_channels: int = 0,
    ) -> None:
        super().__init__()
        _between(1, 2, stride=stride)
        _between(1, math.inf, expansion=expansion)
        _between(0, math.inf, squeeze_channels=squeeze_channels)
        hidden = in_channels * expansion
        self.expands, self.squeezes = expansion > 1, squeeze_channels > 0
        self.adds = stride == 1 and in_channels == out_channels
        if self.expands:
            self.expand, self.expand_bn = _conv_bn(in_channels, hidden, 1)
        self.depthwise, self.depthwise_bn = _conv_bn(hidden, hidden, 3, stride, groups=hidden)
        if self.squeezes:
            self.squeeze = nn.Conv2d(hidden, squeeze_channels, 1)
            self.excite = nn.Conv2d(squeeze_channels, hidden, 1)
        self.project, self.project_bn = _conv_bn(hidden, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps of shape (n, in_channels, h, w) become (n, out_channels, h / stride, w / stride).

        Heights and widths are rounded up.
        """
        y = _relu6(self.expand_bn(self.expand(x))) if self.expands else x
        y = _relu6(self.depthwise_bn(self.depthwise(y)))
        y = y * self._gate(y) if self.squeezes else y
        y = self.project_bn(self.project(y))
        return x + y if self.adds else y

    def _gate(self, y: Tensor) -> Tensor:
        pooled = y.mean((2, 3), keepdim=True)  # (n, hidden, 1, 1)
        return self.excite(self.squeeze(pooled).relu()).sigmoid()


# -- Part 4: Backbone -------------------------------------------------------------------------


def round_channels(channels: float, divisor: int = 8) -> int:
    """The number of channels to build where `channels` are wanted.

    Parameters
    ----------
    channels : float
        Above 0.
    divisor : int, default 8
        At least 1.

    Returns
    -------
    int
        The multiple of `divisor` that is nearest to `channels`, the higher of two, and at
        least `divisor`; if that is less than 90 % of `channels`, the next multiple.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Examples
    --------
    >>> round_channels(33.6), round_channels(11), round_channels(2.5)
    (32, 16, 8)
    """
    _above(0, channels=channels)
    _between(1, math.inf, divisor=divisor)
    nearest = max(math.floor(channels / divisor + 0.5), 1) * divisor
    return nearest if nearest >= 0.9 * channels else nearest + divisor


class Backbone(nn.Module):
    """MobileNetV2, or a network after its pattern, as an image classifier.

    Parameters
    ----------
    num_classes : int
    width : float, default 1.0
        Factor of the channels of the stem and the blocks, above 0.
    rows : sequence of (expansion, channels, blocks, stride), default MOBILENET_V2
        For each row so many blocks; the first has the row's stride, the others a stride of
        1. They give `round_channels(channels * width)` channels.
    in_channels : int, default 3
        Channels of the images.
    dropout : float, default 0.2
        Share of the features that training drops before the classifier, from 0 to 1.

    Raises
    ------
    ValueError
        If `width` or `dropout` is outside its range; the message holds its name and its
        value.

    Notes
    -----
    In order: `stem`, a 3 x 3 `nn.Conv2d` of stride 2 and padding 1 to
    `round_channels(32 * width)` channels, `stem_bn`, ReLU6; `blocks`, an `nn.Sequential` of
    `InvertedResidual`; `head`, a 1 x 1 `nn.Conv2d` to `round_channels(1280 * max(1, width))`
    channels, `head_bn`, ReLU6; the mean over the map; dropout; `classifier`, an `nn.Linear`.
    The convolutions have no bias.

    References
    ----------
    Sandler et al. 2018, table 2.
    """

    def __init__(
        self,
        num_classes: int,
        width: float = 1.0,
        rows: Sequence[tuple[int, int, int, int]] = MOBILENET_V2,
        in_channels: int = 3,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        _above(0, width=width)
        _between(0, 1, dropout=dropout)
        channels, last = round_channels(32 * width), round_channels(1280 * max(1.0, width))
        self.stem, self.stem_bn = _conv_bn(in_channels, channels, 3, stride=2)
        blocks = []
        for expansion, outputs, count, first_stride in rows:
            for stride in (first_stride, *[1] * (count - 1)):
                wider = round_channels(outputs * width)
                blocks.append(InvertedResidual(channels, wider, stride, expansion))
                channels = wider
        self.blocks = nn.Sequential(*blocks)
        self.head, self.head_bn = _conv_bn(channels, last, 1)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(last, num_classes)

    def features(self, images: Tensor) -> Tensor:
        """Maps before pooling, of shape (n, channels of the head, height, width)."""
        x = _relu6(self.stem_bn(self.stem(images)))
        return _relu6(self.head_bn(self.head(self.blocks(x))))

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (n, num_classes) for images of shape (n, in_channels, h, w)."""
        pooled = self.features(images).mean((2, 3))
        return self.classifier(self.dropout(pooled))


# -- Part 5: Batch norm folded ----------------------------------------------------------------


@torch.no_grad()
def fold_batch_norm(conv: nn.Conv2d, bn: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of the one convolution that does what `bn(conv(x))` does in evaluation.

    Parameters
    ----------
    conv : nn.Conv2d
        With or without bias, with any number of groups.
    bn : nn.BatchNorm2d
        With weight, bias and running statistics, and any `eps`.

    Returns
    -------
    weight : Tensor of the shape of `conv.weight`
    bias : Tensor of shape (out_channels,)
        New tensors of the convolution's dtype and device, which require no gradient.

    Notes
    -----
    Batch norm in evaluation is `(y - running_mean) * s + bn.bias` for each channel, with
    `s = bn.weight / sqrt(running_var + eps)`.

    References
    ----------
    Jacob et al. 2018, section 3.2.
    """
    mean, variance = _statistics(bn)
    scale = bn.weight * (variance + bn.eps).rsqrt()
    shift = -mean if conv.bias is None else conv.bias - mean
    return conv.weight * scale.reshape(-1, 1, 1, 1), bn.bias + shift * scale


def _statistics(bn: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    assert bn.running_mean is not None
    assert bn.running_var is not None
    return bn.running_mean, bn.running_var


def fold_model(model: nn.Module) -> nn.Module:
    """A copy of a network, for inference, without the batch norms that can be folded.

    Parameters
    ----------
    model : nn.Module
        Stays as it is. A batch norm belongs to a convolution if both are attributes of the
        same module, called `<name>_bn` and `<name>`; it is then applied to the output
        of that convolution and to nothing else.

    Returns
    -------
    nn.Module
        A deep copy in evaluation mode. Each `nn.Conv2d` with a batch norm has the folded
        weight and bias, each such batch norm is an `nn.Identity`. Nothing else differs.
    """
    folded = copy.deepcopy(model)
    for parent in folded.modules():
        children = dict(parent.named_children())
        for name, bn in children.items():
            conv = children.get(name.removesuffix("_bn"))
            if isinstance(bn, nn.BatchNorm2d) and isinstance(conv, nn.Conv2d):
                weight, bias = fold_batch_norm(conv, bn)
                conv.weight, conv.bias = nn.Parameter(weight), nn.Parameter(bias)
                setattr(parent, name, nn.Identity())
    return folded.eval()


# -- Part 6: Eight bits -----------------------------------------------------------------------


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Integers from -127 to 127 and a scale for each channel, whose product is near the weight.

    Parameters
    ----------
    weight : Tensor of shape (channels, ...)
        Floating point, finite, two dimensions or more, with at least one entry for each
        channel.

    Returns
    -------
    integers : Tensor of the shape of `weight`
        `weight / scale`, rounded to the nearest integer, a half to the even one; int8.
    scale : Tensor of shape (channels,)
        The channel's largest magnitude divided by 127, in the weight's dtype; 1 for a channel
        of zeros.

    References
    ----------
    Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference"; Wu et al. 2020, "Integer Quantization for Deep
    Learning Inference", section 3.

    Examples
    --------
    >>> quantise(torch.tensor([[0.5, -1.27], [0.0, 0.0]]))
    (tensor([[  50, -127],
            [   0,    0]], dtype=torch.int8), tensor([0.0100, 1.0000]))
    """
    rows = weight.flatten(1)
    scale = torch.maximum(rows.amax(1), -rows.amin(1)) / 127  # spares a copy for abs()
    scale = torch.where(scale > 0, scale, 1)
    integers = (rows / scale.unsqueeze(1)).round_().to(torch.int8)
    return integers.reshape(weight.shape), scale


def int8_matmul(a: Tensor, b: Tensor) -> Tensor:
    """The exact product `a @ b.T` of integers of 8 bits, in 32 bits.

    Parameters
    ----------
    a : Tensor of shape (n, k)
        int8; `k` is at most 130,000, so that no sum leaves the range of int32.
    b : Tensor of shape (m, k)
        int8, on the device of `a`.

    Returns
    -------
    Tensor of shape (n, m)
        int32.

    Raises
    ------
    ValueError
        If `a` or `b` is not int8; the message holds its name and its dtype.
    """
    _require(a.dtype == torch.int8, torch.int8, a=a.dtype)
    _require(b.dtype == torch.int8, torch.int8, b=b.dtype)
    product = a.new_zeros(len(a), len(b), dtype=torch.int32)
    # 1024 products of at most 2**14 add up to no more than float32 holds exactly.
    for x, y in zip(a.split(1024, 1), b.split(1024, 1), strict=True):
        product += (x.float() @ y.float().T).int()
    return product


def int8_linear(
    inputs: Tensor, weight: Tensor, scale: Tensor, bias: Tensor | None = None
) -> Tensor:
    """Apply a quantised linear layer; the inputs are quantised on the way.

    Parameters
    ----------
    inputs : Tensor of shape (n, in_features)
        Floating point, finite. Quantised by `quantise`: each row has its own scale.
    weight : Tensor of shape (out_features, in_features)
        int8, from `quantise`.
    scale : Tensor of shape (out_features,)
        Its scale, in the dtype of the inputs.
    bias : Tensor of shape (out_features,), optional
        In the dtype of the inputs.

    Returns
    -------
    Tensor of shape (n, out_features)
        In the dtype of the inputs: the integer product times the scales of its row and its
        column, plus the bias.

    References
    ----------
    Dettmers et al. 2022, "LLM.int8()", section 2.
    """
    integers, row_scale = quantise(inputs)
    outputs = int8_matmul(integers, weight) * row_scale.unsqueeze(1) * scale
    return outputs if bias is None else outputs + bias


# -- Part 7: Distillation ---------------------------------------------------------------------


def distillation_loss(
    student: Tensor,
    teacher: Tensor,
    targets: Tensor,
    temperature: float = 4.0,
    alpha: float = 0.9,
) -> Tensor:
    """What a student loses to its teacher and to the labels.

    Parameters
    ----------
    student : Tensor of shape (n, classes)
        Its logits.
    teacher : Tensor of shape (n, classes)
        The teacher's. No gradient reaches them.
    targets : Tensor of shape (n,)
        The labels, int64.
    temperature : float, default 4.0
        Divides both logits before the softmax, above 0.
    alpha : float, default 0.9
        Share of the teacher, from 0 to 1.

    Returns
    -------
    Tensor of shape ()

    Raises
    ------
    ValueError
        If `temperature` or `alpha` is outside its range; the message holds its name and its
        value.

    Notes
    -----
    `alpha * temperature**2 * KL + (1 - alpha) * CE`. `KL` is the mean over the examples of
    `sum(p * log(p / q))` over the classes, with the softened probabilities `p` of the teacher
    and `q` of the student; `CE` is the mean cross-entropy of the student's logits.

    References
    ----------
    Hinton et al. 2015, "Distilling the Knowledge in a Neural Network".
    """
    _above(0, temperature=temperature)
    _between(0, 1, alpha=alpha)
    log_p = (teacher.detach() / temperature).log_softmax(1)
    log_q = (student / temperature).log_softmax(1)
    soft = functional.kl_div(log_q, log_p, reduction="batchmean", log_target=True)
    hard = functional.cross_entropy(student, targets)
    return alpha * temperature**2 * soft + (1 - alpha) * hard


# -- Part 8: Loss scaling ---------------------------------------------------------------------


class LossScaler:
    """Keeps small gradients alive in half precision, by a factor on the loss that adapts.

    Parameters
    ----------
    init_scale : float, default 65536.0
        The factor at the start, above 0.
    growth_factor : float, default 2.0
        Multiplies the factor after `growth_interval` good iterations in a row, above 1.
    backoff_factor : float, default 0.5
        Multiplies the factor after a bad iteration, above 0 and below 1.
    growth_interval : int, default 2000
        At least 1.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    An optimiser is any object with `param_groups`, a list of dicts whose `"params"` are lists
    of tensors, and with a method `step()`. An iteration is: backward of `scale(loss)`, perhaps
    `unscale_(optimizer)`, `step(optimizer)`, `update()`. With several optimisers, `update()`
    comes once, after all of them.

    References
    ----------
    Micikevicius et al. 2018, "Mixed Precision Training"; `torch.amp.GradScaler`.
    """

    def __init__(
        self,
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
    ) -> None:
        _above(0, init_scale=init_scale)
        _above(1, growth_factor=growth_factor)
        _require(0 < backoff_factor < 1, "above 0 and below 1", backoff_factor=backoff_factor)
        _between(1, math.inf, growth_interval=growth_interval)
        self._state: dict[str, Any] = {
            "scale": init_scale,
            "growth_factor": growth_factor,
            "backoff_factor": backoff_factor,
            "growth_interval": growth_interval,
            "_growth_tracker": 0,
        }
        # For each optimiser unscaled since the last update: were its gradients finite?
        self._finite: dict[int, bool] = {}

    def get_scale(self) -> float:
        """The factor at present."""
        return self._state["scale"]

    def scale(self, loss: Tensor) -> Tensor:
        """The loss, or any tensor, times the factor."""
        return loss * self.get_scale()

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of all parameters by the factor, in place; some may be None.

        For gradients that are to be looked at, or clipped, before the step. If this
        optimiser's were divided since the last update, a `RuntimeError` whose message
        contains `unscale_`.
        """
        if id(optimizer) in self._finite:
            raise RuntimeError("unscale_ has been called on this optimizer since the last update")
        parameters = chain.from_iterable(group["params"] for group in optimizer.param_groups)
        gradients = [p.grad for p in parameters if p.grad is not None]
        factor = 1 / self.get_scale()
        for gradient in gradients:
            gradient.mul_(factor)
        self._finite[id(optimizer)] = all(_is_finite(gradient) for gradient in gradients)

    def step(self, optimizer: Any) -> Any:
        """Call `optimizer.step()` and return its result, unless a gradient is not finite.

        Divides the gradients by the factor first, if `unscale_` has not. If one of them is
        infinite or NaN, nothing is called and the result is None.
        """
        if id(optimizer) not in self._finite:
            self.unscale_(optimizer)
        return optimizer.step() if self._finite[id(optimizer)] else None

    def update(self) -> None:
        """Adapt the factor at the end of an iteration.

        The iteration is bad if any optimiser had a gradient that was not finite: the factor
        is multiplied by `backoff_factor`. After `growth_interval` good ones in a row it is
        multiplied by `growth_factor`, unless the product is above the range of float32, and
        the count begins anew.
        """
        state, good = self._state, all(self._finite.values())
        self._finite.clear()
        if not good:
            state["scale"] *= state["backoff_factor"]
        state["_growth_tracker"] = state["_growth_tracker"] + 1 if good else 0
        if state["_growth_tracker"] == state["growth_interval"]:
            state["_growth_tracker"] = 0
            grown = state["scale"] * state["growth_factor"]
            state["scale"] = grown if grown <= torch.finfo(torch.float32).max else state["scale"]

    def state_dict(self) -> dict[str, Any]:
        """Factor, settings and count of good iterations, under the names that torch uses.

        `scale`, `growth_factor`, `backoff_factor`, `growth_interval` and `_growth_tracker`.
        """
        return dict(self._state)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where the scaler was that gave this `state_dict`."""
        self._state = dict(state)


def _is_finite(tensor: Tensor) -> bool:
    # A finite sum has finite terms. Only a sum that is not has to be looked into.
    return math.isfinite(tensor.sum().item()) or bool(tensor.isfinite().all())


# -- shared -----------------------------------------------------------------------------------


def _between(low: float, high: float, **argument: float) -> None:
    (value,) = argument.values()
    _require(low <= value <= high, f"from {low} to {high}", **argument)


def _above(low: float, **argument: float) -> None:
    (value,) = argument.values()
    _require(value > low, f"above {low}", **argument)


def _require(fits: bool, expected: object, **argument: object) -> None:
    if not fits:
        ((name, value),) = argument.items()
        raise ValueError(f"{name} is {value}; expected {expected}")
