"""A small, fast convolutional network: counted, built, folded, quantised, taught and scaled.

The statement is `README.md` beside this file; `nox -s check -- 09` judges your work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

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
    raise NotImplementedError("Part 1, Counting")


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
    raise NotImplementedError("Part 1, Counting")


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
        raise NotImplementedError("Part 2, Depthwise separable")

    def forward(self, x: Tensor) -> Tensor:
        """Maps of shape (n, in_channels, h, w) become (n, out_channels, h / stride, w / stride).

        Heights and widths are rounded up.
        """
        raise NotImplementedError("Part 2, Depthwise separable")


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
        raise NotImplementedError("Part 3, Inverted residual")

    def forward(self, x: Tensor) -> Tensor:
        """Maps of shape (n, in_channels, h, w) become (n, out_channels, h / stride, w / stride).

        Heights and widths are rounded up.
        """
        raise NotImplementedError("Part 3, Inverted residual")


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
    raise NotImplementedError("Part 4, Backbone")


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
        raise NotImplementedError("Part 4, Backbone")

    def features(self, images: Tensor) -> Tensor:
        """Maps before pooling, of shape (n, channels of the head, height, width)."""
        raise NotImplementedError("Part 4, Backbone")

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (n, num_classes) for images of shape (n, in_channels, h, w)."""
        raise NotImplementedError("Part 4, Backbone")


# -- Part 5: Batch norm folded ----------------------------------------------------------------


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
    raise NotImplementedError("Part 5, Batch norm folded")


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
    raise NotImplementedError("Part 5, Batch norm folded")


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
    raise NotImplementedError("Part 6, Eight bits")


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
    raise NotImplementedError("Part 6, Eight bits")


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
    raise NotImplementedError("Part 6, Eight bits")


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
    raise NotImplementedError("Part 7, Distillation")


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
        raise NotImplementedError("Part 8, Loss scaling")

    def get_scale(self) -> float:
        """The factor at present."""
        raise NotImplementedError("Part 8, Loss scaling")

    def scale(self, loss: Tensor) -> Tensor:
        """The loss, or any tensor, times the factor."""
        raise NotImplementedError("Part 8, Loss scaling")

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of all parameters by the factor, in place; some may be None.

        For gradients that are to be looked at, or clipped, before the step. If this
        optimiser's were divided since the last update, a `RuntimeError` whose message
        contains `unscale_`.
        """
        raise NotImplementedError("Part 8, Loss scaling")

    def step(self, optimizer: Any) -> Any:
        """Call `optimizer.step()` and return its result, unless a gradient is not finite.

        Divides the gradients by the factor first, if `unscale_` has not. If one of them is
        infinite or NaN, nothing is called and the result is None.
        """
        raise NotImplementedError("Part 8, Loss scaling")

    def update(self) -> None:
        """Adapt the factor at the end of an iteration.

        The iteration is bad if any optimiser had a gradient that was not finite: the factor
        is multiplied by `backoff_factor`. After `growth_interval` good ones in a row it is
        multiplied by `growth_factor`, unless the product is above the range of float32, and
        the count begins anew.
        """
        raise NotImplementedError("Part 8, Loss scaling")

    def state_dict(self) -> dict[str, Any]:
        """Factor, settings and count of good iterations, under the names that torch uses.

        `scale`, `growth_factor`, `backoff_factor`, `growth_interval` and `_growth_tracker`.
        """
        raise NotImplementedError("Part 8, Loss scaling")

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where the scaler was that gave this `state_dict`."""
        raise NotImplementedError("Part 8, Loss scaling")
