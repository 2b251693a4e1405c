"""A classifier from first principles: losses, gradients, metrics and training, tensor by tensor.

Scope: fully connected ReLU networks on dense rows, trained by mini-batches. Nothing here uses
`torch.nn`, `torch.optim` or autograd: every derivative is written out. Each function runs on
whatever device and floating dtype its inputs have.

Sources: Goodfellow, Bengio & Courville, *Deep Learning* (2016), chapters 6 to 8, for losses,
back-propagation and regularisation; He et al. (2015) for the initial weights; Kingma & Ba (2015)
for Adam; Fawcett (2006) for the ROC curve.
"""

import copy
import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

Parameters = list[tuple[Tensor, Tensor]]
"""One `(weight, bias)` per layer: weight of shape (fan_in, fan_out), bias of shape (fan_out,)."""

State = dict[str, Any]
"""A training run as plain data: see `begin` for the keys."""

# What every checked argument has to be: the one place for the words of an error.
_EXPECTED = {
    "logits": "shape (n, C) with n >= 1",
    "targets": "int64 labels of shape (n,), each in [0, C)",
    "targets of a binary loss": "the shape of logits (not empty), each in [0, 1]",
    "targets of hinge": "the shape of scores (not empty), each -1 or 1",
    "targets of a regression": "the shape of predictions, with at least one entry",
    "targets of roc_auc": "0 and 1 only, each at least once",
    "targets of balanced_weights": "at least one row of every class; none of these",
    "targets of oversample": "at least one row",
    "class_weights": "shape (C,)",
    "sizes": "two or more widths, each at least 1",
    "inputs": "shape (n, fan_in of the first layer)",
    "point": "at least one entry",
    "gradient": "the shape of point",
    "step": "a positive number",
    "rate": "a number in [0, 1)",
    "mask": "a bool tensor of the shape of x",
    "l1": "a number >= 0",
    "l2": "a number >= 0",
    "predictions": "int64 labels of the shape of targets, each in [0, C)",
    "confusion": "shape (C, C)",
    "scores": "the shape of targets, without NaN",
    "fraction": "a number strictly between 0 and 1",
    "optimiser": "'adam' or 'sgd'",
    "orders": "int64 row numbers of shape (epochs, m), each in [0, n), with m >= 1",
    "batch_size": "at least 1",
    "learning_rate": "a positive number",
    "patience": "None or at least 1",
    "path": "a checkpoint that `save` wrote",
}

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8


def _require(condition: bool, argument: str, got: object) -> None:
    if not condition:
        raise ValueError(f"{argument}: got {got}; expected {_EXPECTED[argument]}")


def _require_labels(argument: str, labels: Tensor, rows: int, num_classes: int) -> None:
    _require(labels.dtype == torch.int64, argument, labels.dtype)
    _require(labels.shape == (rows,), argument, tuple(labels.shape))
    _require_each((labels >= 0) & (labels < num_classes), argument, labels)


def _require_each(legal: Tensor, argument: str, values: Tensor) -> None:
    if not legal.all():
        _require(False, argument, values[~legal][:3].tolist())


# -- Part 1: Losses -------------------------------------------------------------------------------


def cross_entropy(logits: Tensor, targets: Tensor, class_weights: Tensor | None = None) -> Tensor:
    """Mean negative log-likelihood of the true classes.

    Parameters
    ----------
    logits : Tensor of shape (n, C)
        Unnormalised scores, of any finite size. At least one row.
    targets : int64 Tensor of shape (n,)
        True classes in [0, C).
    class_weights : Tensor of shape (C,), optional
        How much a row of each class counts; cast to the dtype of `logits`. All equal if not given.

    Returns
    -------
    Tensor of shape ()
        In the dtype of `logits`.

    Raises
    ------
    ValueError
        If `logits`, `targets` or `class_weights` is not of the stated form.

    Notes
    -----
    With p = softmax(logits) and w the weight of each row's class:
    -sum_i w_i log p_i[y_i] / sum_i w_i.
    """
    _require_classification(logits, targets, class_weights)
    shares = _row_shares(logits, targets, class_weights)
    return -(shares * _log_softmax(logits).gather(1, targets[:, None])[:, 0]).sum()


def binary_log_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of independent yes-or-no answers.

    Parameters
    ----------
    logits : Tensor of any shape
        Log-odds of a yes, of any finite size. At least one entry.
    targets : Tensor of the same shape
        Probability of a yes in [0, 1], usually 0 or 1; of any dtype.

    Returns
    -------
    Tensor of shape ()
        In the dtype of `logits`.

    Raises
    ------
    ValueError
        If `targets` has another shape, is empty, or leaves [0, 1].

    Notes
    -----
    With p = 1 / (1 + exp(-z)): the mean of -(t log p + (1 - t) log(1 - p)).
    """
    _require_alike("targets of a binary loss", targets, logits)
    _require_each((targets >= 0) & (targets <= 1), "targets of a binary loss", targets)
    targets = targets.to(logits.dtype)
    # log(1 + e^z) - t z, with the exponential only ever taken of a number <= 0.
    return (logits.clamp(min=0) + (-logits.abs()).exp().log1p() - targets * logits).mean()


def hinge(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean hinge loss: how far each score falls short of a margin of 1.

    Parameters
    ----------
    scores : Tensor of any shape
        Signed scores; positive means class 1. At least one entry.
    targets : Tensor of the same shape
        True classes, -1 or 1; of any dtype.

    Returns
    -------
    Tensor of shape ()
        In the dtype of `scores`.

    Raises
    ------
    ValueError
        If `targets` has another shape, is empty, or holds anything but -1 and 1.

    Notes
    -----
    The mean of max(0, 1 - t s).
    """
    _require_alike("targets of hinge", targets, scores)
    _require_each(targets.abs() == 1, "targets of hinge", targets)
    return (1 - targets.to(scores.dtype) * scores).clamp(min=0).mean()


def mse(predictions: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error over all entries.

    Parameters
    ----------
    predictions : Tensor of any shape
        At least one entry.
    targets : Tensor of the same shape and dtype
        True values.

    Returns
    -------
    Tensor of shape ()
        In the dtype of `predictions`.

    Raises
    ------
    ValueError
        If `targets` has another shape, even one that would broadcast, or is empty.
    """
    _require_alike("targets of a regression", targets, predictions)
    return (predictions - targets).square().mean()


def _require_classification(logits: Tensor, targets: Tensor, weights: Tensor | None) -> None:
    _require(logits.ndim == 2 and len(logits) > 0, "logits", tuple(logits.shape))
    n, num_classes = logits.shape
    _require_labels("targets", targets, n, num_classes)
    if weights is not None:
        _require(weights.shape == (num_classes,), "class_weights", tuple(weights.shape))


def _require_alike(argument: str, targets: Tensor, outputs: Tensor) -> None:
    same = targets.shape == outputs.shape and targets.numel() > 0
    _require(same, argument, tuple(targets.shape))


def _log_softmax(logits: Tensor) -> Tensor:
    shifted = logits - logits.amax(dim=1, keepdim=True)  # the largest exponent is 0: no overflow
    return shifted - shifted.exp().sum(dim=1, keepdim=True).log()


def _row_shares(logits: Tensor, targets: Tensor, class_weights: Tensor | None) -> Tensor:
    """What each row contributes to the mean: (n,), summing to 1."""
    if class_weights is None:
        return logits.new_full((len(logits),), 1 / len(logits))
    weights = class_weights.to(logits.dtype)[targets]
    return weights / weights.sum()


# -- Part 2: Forward pass -------------------------------------------------------------------------


def initialise(
    sizes: Sequence[int], generator: Generator, dtype: torch.dtype = torch.float32
) -> Parameters:
    """He-initialised weights and zero biases.

    Parameters
    ----------
    sizes : sequence of int
        Widths from the inputs to the logits, such as (64, 128, 10).
    generator : Generator
        The only source of randomness. Its device is where the parameters live.
    dtype : torch.dtype, default torch.float32
        Floating dtype of the parameters.

    Returns
    -------
    list of (weight, bias)
        One per layer: weight of shape (fan_in, fan_out) drawn from the normal distribution with
        mean 0 and variance 2 / fan_in, bias of shape (fan_out,) all zero.

    Raises
    ------
    ValueError
        If `sizes` holds fewer than two widths, or one below 1.

    References
    ----------
    He et al., "Delving deep into rectifiers", ICCV 2015, section 2.2.
    """
    _require(len(sizes) >= 2 and min(sizes) >= 1, "sizes", sizes)
    device = generator.device
    parameters = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        noise = torch.randn(fan_in, fan_out, generator=generator, dtype=dtype, device=device)
        bias = torch.zeros(fan_out, dtype=dtype, device=device)
        parameters.append((noise * math.sqrt(2 / fan_in), bias))
    return parameters


def forward(parameters: Parameters, inputs: Tensor) -> Tensor:
    """Logits of a ReLU network.

    Parameters
    ----------
    parameters : list of (weight, bias)
        As `initialise` returns them; one layer or more.
    inputs : Tensor of shape (n, fan_in)
        One row per example; n may be 0.

    Returns
    -------
    Tensor of shape (n, fan_out of the last layer)

    Raises
    ------
    ValueError
        If `inputs` does not fit the first layer.

    Notes
    -----
    Each layer is x @ weight + bias; max(0, x) follows every layer but the last.
    """
    _require_inputs(parameters, inputs)
    return _layers_in_turn(parameters, inputs)[1]


def _require_inputs(parameters: Parameters, inputs: Tensor) -> None:
    fits = inputs.ndim == 2 and inputs.shape[1] == len(parameters[0][0])
    _require(fits, "inputs", tuple(inputs.shape))


def _layers_in_turn(parameters: Parameters, inputs: Tensor) -> tuple[list[Tensor], Tensor]:
    """What enters each layer, and the logits."""
    entering = [inputs]
    for weight, bias in parameters[:-1]:
        entering.append(torch.addmm(bias, entering[-1], weight).clamp_(min=0))
    weight, bias = parameters[-1]
    return entering, torch.addmm(bias, entering[-1], weight)


# -- Part 3: Backward pass ------------------------------------------------------------------------


def backward(
    parameters: Parameters,
    inputs: Tensor,
    targets: Tensor,
    class_weights: Tensor | None = None,
) -> tuple[Tensor, Parameters]:
    """Cross-entropy of the network and its gradient in every parameter, by hand.

    Parameters
    ----------
    parameters : list of (weight, bias)
        As `initialise` returns them.
    inputs : Tensor of shape (n, fan_in)
        At least one row.
    targets : int64 Tensor of shape (n,)
        True classes in [0, C), with C the width of the last layer.
    class_weights : Tensor of shape (C,), optional
        As in `cross_entropy`.

    Returns
    -------
    loss : Tensor of shape ()
        `cross_entropy(forward(parameters, inputs), targets, class_weights)`.
    gradients : list of (weight gradient, bias gradient)
        In the order, shapes and dtype of `parameters`.

    Raises
    ------
    ValueError
        If `inputs`, `targets` or `class_weights` is not of the stated form.

    Notes
    -----
    The derivative of max(0, x) at 0 is taken as 0.

    References
    ----------
    Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors",
    Nature 323, 1986.
    """
    _require_inputs(parameters, inputs)
    logits_like = inputs.new_empty(len(inputs), len(parameters[-1][1]))
    _require_classification(logits_like, targets, class_weights)
    return _loss_and_gradients(parameters, inputs, targets, class_weights)


def _loss_and_gradients(
    parameters: Parameters, inputs: Tensor, targets: Tensor, class_weights: Tensor | None
) -> tuple[Tensor, Parameters]:
    entering, logits = _layers_in_turn(parameters, inputs)
    log_probabilities = _log_softmax(logits)
    shares = _row_shares(logits, targets, class_weights)
    rows = torch.arange(len(targets), device=targets.device)
    loss = -(shares * log_probabilities[rows, targets]).sum()
    delta = log_probabilities.exp_()  # the loss's gradient in the layer's output, (n, fan_out)
    delta[rows, targets] -= 1
    delta *= shares[:, None]
    gradients = []
    for i in reversed(range(len(parameters))):
        gradients.append((entering[i].T @ delta, delta.sum(dim=0)))
        if i > 0:
            # What enters is max(0, x), never negative: its sign is the derivative of max(0, x).
            delta = (delta @ parameters[i][0].T).mul_(entering[i].sign())
    return loss, gradients[::-1]


# -- Part 4: Gradient check -----------------------------------------------------------------------


def gradient_check(
    function: Callable[[Tensor], Tensor | float],
    point: Tensor,
    gradient: Tensor,
    step: float = 1e-6,
) -> float:
    """How far a claimed gradient is from the slope that the function itself shows.

    Parameters
    ----------
    function : callable
        Takes a float64 tensor of the shape of `point`; returns one number, as a float or a tensor.
    point : Tensor of any shape
        Where to check, float32 or float64; computed in float64. At least one entry.
    gradient : Tensor of the shape of `point`
        What is claimed.
    step : float, default 1e-6
        How far each entry is moved, one at a time, up and down.

    Returns
    -------
    float
        Largest difference between `gradient` and the central differences, divided by the largest
        magnitude in either of the two; 0 if both are all zero, `inf` if either holds NaN or
        infinity.

    Raises
    ------
    ValueError
        If `point` is empty, `gradient` has another shape, or `step` is not positive.

    Notes
    -----
    The central difference in entry i is (f(x + h e_i) - f(x - h e_i)) / (2 h). It errs by
    O(h^2) from the curve and by O(eps / h) from rounding.
    """
    _require(point.numel() > 0, "point", tuple(point.shape))
    _require(gradient.shape == point.shape, "gradient", tuple(gradient.shape))
    _require(step > 0, "step", step)
    claimed = gradient.double().flatten()
    slopes = claimed.new_tensor([_slope(function, point, i, step) for i in range(len(claimed))])
    difference = (claimed - slopes).abs().max().item()
    if not math.isfinite(difference):  # a NaN that came out would hide: it exceeds no tolerance
        return math.inf
    size = torch.cat([claimed, slopes]).abs().max().item()
    return difference / size if size > 0 else 0.0


def _slope(
    function: Callable[[Tensor], Tensor | float], point: Tensor, i: int, step: float
) -> float:
    ends = []
    for move in (step, -step):
        moved = torch.empty(point.shape, dtype=torch.float64, device=point.device).copy_(point)
        moved.view(-1)[i] += move
        ends.append(float(function(moved)))
    return (ends[0] - ends[1]) / (2 * step)


# -- Part 5: Regularisation -----------------------------------------------------------------------


def dropout(x: Tensor, rate: float, mask: Tensor, training: bool) -> Tensor:
    """Inverted dropout with a mask that the caller drew.

    Parameters
    ----------
    x : Tensor of any shape
        Activations, or on the way back the gradient in the output.
    rate : float
        Share of entries that is dropped on average, in [0, 1).
    mask : bool Tensor of the shape of `x`
        True where an entry is kept. Not looked at outside training.
    training : bool
        Whether to drop at all.

    Returns
    -------
    Tensor of the shape and dtype of `x`
        In training, kept entries divided by 1 - `rate` and zeros elsewhere; `x` otherwise.

    Raises
    ------
    ValueError
        If `rate` leaves [0, 1), or in training `mask` is not a bool tensor of the shape of `x`.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    JMLR 15, 2014.
    """
    _require(0 <= rate < 1, "rate", rate)
    if not training:
        return x
    fits = mask.dtype == torch.bool and mask.shape == x.shape
    _require(fits, "mask", (mask.dtype, tuple(mask.shape)))
    return torch.where(mask, x / (1 - rate), 0)


def penalty(parameters: Parameters, l1: float, l2: float) -> tuple[Tensor, Parameters]:
    """What large weights cost, and the gradient of that cost.

    Parameters
    ----------
    parameters : list of (weight, bias)
        As `initialise` returns them.
    l1, l2 : float
        Strengths, 0 or more.

    Returns
    -------
    value : Tensor of shape ()
        In the dtype of the parameters.
    gradients : list of (weight gradient, bias gradient)
        In the order, shapes and dtype of `parameters`.

    Raises
    ------
    ValueError
        If `l1` or `l2` is negative.

    Notes
    -----
    The value is l1 sum |w| + l2 / 2 sum w^2 over all weights; biases cost nothing.
    The derivative of |w| at 0 is taken as 0.
    """
    _require(l1 >= 0, "l1", l1)
    _require(l2 >= 0, "l2", l2)
    weights = torch.cat([w.flatten() for w, _ in parameters])
    value = l1 * weights.abs().sum() + l2 / 2 * weights.square().sum()
    return value, [(l1 * w.sign() + l2 * w, torch.zeros_like(b)) for w, b in parameters]


# -- Part 6: Metrics ------------------------------------------------------------------------------


def confusion_matrix(targets: Tensor, predictions: Tensor, num_classes: int) -> Tensor:
    """How often each class was taken for each.

    Parameters
    ----------
    targets, predictions : int64 Tensor of shape (n,)
        True and predicted classes in [0, num_classes); n may be 0.
    num_classes : int
        C, classes that do not occur included.

    Returns
    -------
    int64 Tensor of shape (C, C)
        Entry [t, p] counts the rows of class t predicted as class p.

    Raises
    ------
    ValueError
        If `targets` or `predictions` is not of the stated form.
    """
    _require_labels("targets", targets, targets.numel(), num_classes)
    _require_labels("predictions", predictions, len(targets), num_classes)
    cells = torch.bincount(targets * num_classes + predictions, minlength=num_classes**2)
    return cells.view(num_classes, num_classes)


def classification_scores(confusion: Tensor) -> dict[str, Tensor]:
    """Accuracy, and precision, recall and F1 per class and on average.

    Parameters
    ----------
    confusion : int64 Tensor of shape (C, C)
        As `confusion_matrix` returns it.

    Returns
    -------
    dict of str to float64 Tensor
        `accuracy` of shape (); `precision`, `recall` and `f1` of shape (C,);
        `macro_precision`, `macro_recall` and `macro_f1` of shape (), their means over all classes.
        A ratio without anything to count, 0 / 0, is 0.

    Raises
    ------
    ValueError
        If `confusion` is not square.

    Notes
    -----
    With tp, fp and fn of one class: precision tp / (tp + fp), recall tp / (tp + fn) and
    F1 = 2 precision recall / (precision + recall) = 2 tp / (2 tp + fp + fn).
    """
    square = confusion.ndim == 2 and confusion.shape[0] == confusion.shape[1]
    _require(square, "confusion", tuple(confusion.shape))
    hits = confusion.diagonal()
    actual, predicted = confusion.sum(dim=1), confusion.sum(dim=0)
    by_class = {
        "precision": _ratio(hits, predicted),
        "recall": _ratio(hits, actual),
        "f1": _ratio(2 * hits, actual + predicted),
    }
    means = {f"macro_{name}": values.mean() for name, values in by_class.items()}
    return {"accuracy": _ratio(hits.sum(), actual.sum()), **by_class, **means}


def roc_auc(targets: Tensor, scores: Tensor) -> Tensor:
    """Probability that a random positive scores above a random negative, ties counting half.

    Parameters
    ----------
    targets : Tensor of shape (n,)
        0 for negatives and 1 for positives; of any dtype.
    scores : Tensor of shape (n,)
        Larger means more likely positive.

    Returns
    -------
    float64 Tensor of shape ()
        Area under the ROC curve.

    Raises
    ------
    ValueError
        If `targets` holds anything but 0 and 1, or only one of them, or if `scores` has another
        shape or holds NaN.

    References
    ----------
    Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 2006, section 7.
    """
    positive, negative = targets == 1, targets == 0
    both = positive.any() & negative.any()
    _require_each((positive | negative) & both, "targets of roc_auc", targets)
    fits = scores.shape == targets.shape and not bool(scores.isnan().any())
    _require(fits, "scores", tuple(scores.shape))
    values, group = scores.unique(return_inverse=True)
    won = torch.bincount(group[positive], minlength=len(values))
    lost = torch.bincount(group[negative], minlength=len(values))
    # Twice the pairs won, so that half a win for a tie stays a whole number: no rounding at all.
    wins = (won * (2 * lost.cumsum(dim=0) - lost)).sum()
    return wins.double() / (2 * positive.sum() * negative.sum())


def rmse(predictions: Tensor, targets: Tensor) -> Tensor:
    """Root of the mean squared error over all entries.

    Parameters
    ----------
    predictions : Tensor of any shape
        At least one entry.
    targets : Tensor of the same shape and dtype
        True values.

    Returns
    -------
    Tensor of shape ()
        In the dtype of `predictions`.

    Raises
    ------
    ValueError
        If `targets` has another shape, even one that would broadcast, or is empty.
    """
    return mse(predictions, targets).sqrt()


def mae(predictions: Tensor, targets: Tensor) -> Tensor:
    """Mean absolute error over all entries.

    Parameters
    ----------
    predictions : Tensor of any shape
        At least one entry.
    targets : Tensor of the same shape and dtype
        True values.

    Returns
    -------
    Tensor of shape ()
        In the dtype of `predictions`.

    Raises
    ------
    ValueError
        If `targets` has another shape, even one that would broadcast, or is empty.
    """
    _require_alike("targets of a regression", targets, predictions)
    return (predictions - targets).abs().mean()


def _ratio(part: Tensor, whole: Tensor) -> Tensor:
    """`part / whole` in float64; a part of nothing is 0, so 0 / 0 may as well be 0 / 1."""
    return part.double() / whole.clamp(min=1)


# -- Part 7: Imbalance ----------------------------------------------------------------------------


def balanced_weights(targets: Tensor, num_classes: int) -> Tensor:
    """Class weights under which every class counts alike.

    Parameters
    ----------
    targets : int64 Tensor of shape (n,)
        Classes in [0, num_classes), each at least once.
    num_classes : int
        C.

    Returns
    -------
    float64 Tensor of shape (C,)
        n / (C n_c), with n_c the rows of class c: their mean over the rows is 1.

    Raises
    ------
    ValueError
        If `targets` is not of the stated form; a class without rows is named.
    """
    _require_labels("targets", targets, targets.numel(), num_classes)
    counts = torch.bincount(targets, minlength=num_classes)
    missing = (counts == 0).nonzero().flatten().tolist()
    _require(not missing, "targets of balanced_weights", missing)
    return len(targets) / (num_classes * counts.double())


def stratified_split(
    targets: Tensor, fraction: float, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Split rows at random so that both sides have the classes in the same proportions.

    Parameters
    ----------
    targets : int64 Tensor of shape (n,)
        Classes.
    fraction : float
        Share of each class that goes to the second side, strictly between 0 and 1.
    generator : Generator
        The only source of randomness; on the device of `targets`.

    Returns
    -------
    first, second : int64 Tensor
        Row numbers in ascending order; together every row once. The second side has
        round(fraction n_c) rows of class c, halves to even as Python's `round` does, and
        every choice of them is equally likely.

    Raises
    ------
    ValueError
        If `fraction` is not strictly between 0 and 1.
    """
    _require(0 < fraction < 1, "fraction", fraction)
    chosen = torch.zeros_like(targets, dtype=torch.bool)
    for rows in _rows_by_class(targets):
        shuffled = rows[torch.randperm(len(rows), generator=generator, device=rows.device)]
        chosen[shuffled[: round(fraction * len(rows))]] = True
    return (~chosen).nonzero().flatten(), chosen.nonzero().flatten()


def oversample(targets: Tensor, generator: Generator) -> Tensor:
    """Row numbers that repeat rows of rare classes until all classes are equally frequent.

    Parameters
    ----------
    targets : int64 Tensor of shape (n,)
        Classes; those that do not occur stay out. At least one row.
    generator : Generator
        The only source of randomness; on the device of `targets`.

    Returns
    -------
    int64 Tensor of shape (m,)
        In any order: every row at least once, and of each class as many as the most frequent one
        has. What is added to a class is drawn from its rows, each equally likely, with replacement.

    Raises
    ------
    ValueError
        If `targets` is empty.
    """
    _require(len(targets) > 0, "targets of oversample", tuple(targets.shape))
    groups = _rows_by_class(targets)
    most = max(len(rows) for rows in groups)
    drawn = []
    for rows in groups:
        extra = (most - len(rows),)
        draws = torch.randint(len(rows), extra, generator=generator, device=rows.device)
        drawn += [rows, rows[draws]]
    return torch.cat(drawn)


def _rows_by_class(targets: Tensor) -> list[Tensor]:
    return [(targets == label).nonzero().flatten() for label in targets.unique()]


# -- Part 8: Training -----------------------------------------------------------------------------


def begin(parameters: Parameters, optimiser: str = "adam") -> State:
    """The state of a training run before its first step.

    Parameters
    ----------
    parameters : list of (weight, bias)
        Where training starts; the state holds copies.
    optimiser : {"adam", "sgd"}, default "adam"
        Who steps.

    Returns
    -------
    dict
        `parameters` and `best_parameters`, both copies of `parameters`; `train_losses` and
        `validation_losses`, empty lists; `stopped`, False; and whatever else `train` has to
        remember, under further string keys, as plain data.

    Raises
    ------
    ValueError
        If `optimiser` is neither of the two.
    """
    _require(optimiser in ("adam", "sgd"), "optimiser", repr(optimiser))
    flat = _flatten(parameters)
    return {
        "parameters": _unflatten(flat.clone(), parameters),
        "best_parameters": _unflatten(flat.clone(), parameters),
        "train_losses": [],
        "validation_losses": [],
        "stopped": False,
        "optimiser": optimiser,
        "steps": 0,
        "moments": (torch.zeros_like(flat), torch.zeros_like(flat)),
        "best_loss": math.inf,
        "epochs_since_best": 0,
    }


def train(
    state: State,
    inputs: Tensor,
    targets: Tensor,
    validation: tuple[Tensor, Tensor],
    orders: Tensor,
    *,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    momentum: float = 0.9,
    l1: float = 0.0,
    l2: float = 0.0,
    class_weights: Tensor | None = None,
    patience: int | None = None,
) -> State:
    """Train for one epoch per row of `orders`, or until validation stops improving.

    Parameters
    ----------
    state : dict
        From `begin`, `train` or `load`; left as it is.
    inputs : Tensor of shape (n, fan_in)
        Rows to train on.
    targets : int64 Tensor of shape (n,)
        Their classes.
    validation : (Tensor of shape (k, fan_in), int64 Tensor of shape (k,))
        Inputs and classes that judge every epoch and are never trained on.
    orders : int64 Tensor of shape (epochs, m)
        Row e lists the rows of `inputs` in the order in which epoch e visits them; rows may be
        missing or repeated.
    batch_size : int, default 64
        Rows per step; the last batch of an epoch has what is left.
    learning_rate : float, default 1e-3
        Step size.
    momentum : float, default 0.9
        Of SGD; Adam does not use it.
    l1, l2 : float, default 0
        Strengths of `penalty`, whose gradient is added to that of the loss.
    class_weights : Tensor of shape (C,), optional
        For the loss in training and validation alike.
    patience : int, optional
        Stop once this many epochs in a row have not lowered the least validation loss so far.
        Never stop early if not given.

    Returns
    -------
    dict
        The state after the last epoch, sharing no memory with `state`. A stopped state gives a
        copy with the same values. Training over some epochs and then over the rest gives, bit
        for bit, what training over all of them at once gives.

    Raises
    ------
    ValueError
        If `inputs`, `targets`, `orders`, `batch_size`, `learning_rate` or `patience` is not of the
        stated form.

    Notes
    -----
    A step with gradient g (loss plus penalty) does, entry by entry:

    - "sgd": v <- momentum v + g, then p <- p - learning_rate v, with v = 0 at the start.
    - "adam", at its t-th step since `begin`: m <- 0.9 m + 0.1 g, v <- 0.999 v + 0.001 g^2, then
      p <- p - learning_rate m' / (sqrt(v') + 1e-8) with m' = m / (1 - 0.9^t) and
      v' = v / (1 - 0.999^t).

    References
    ----------
    Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
    """
    _require_inputs(state["parameters"], inputs)
    _require_labels("targets", targets, len(inputs), len(state["parameters"][-1][1]))
    _require_orders(orders, len(inputs))
    _require(batch_size >= 1, "batch_size", batch_size)
    _require(learning_rate > 0, "learning_rate", learning_rate)
    _require(patience is None or patience >= 1, "patience", patience)
    state = copy.deepcopy(state)
    # One flat vector, and the layers as views of it: an update of the vector moves them all.
    flat = _flatten(state["parameters"])
    state["parameters"] = _unflatten(flat, state["parameters"])
    for order in orders:
        if state["stopped"]:
            break
        total = flat.new_zeros(())
        for rows in order.split(batch_size):
            loss, gradients = _loss_and_gradients(
                state["parameters"], inputs[rows], targets[rows], class_weights
            )
            total += len(rows) * loss
            gradient = _flatten(gradients)
            if l1 or l2:
                gradient += _flatten(penalty(state["parameters"], l1, l2)[1])
            _step(state, flat, gradient, learning_rate, momentum)
        state["train_losses"].append(total.item() / len(order))
        _judge_epoch(state, flat, validation, class_weights, patience)
    return state


def predict(parameters: Parameters, inputs: Tensor) -> Tensor:
    """The most likely class of every row.

    Parameters
    ----------
    parameters : list of (weight, bias)
        As `initialise` returns them.
    inputs : Tensor of shape (n, fan_in)
        One row per example; n may be 0.

    Returns
    -------
    int64 Tensor of shape (n,)
        The class with the largest logit; the lowest of them if several are equal.
    """
    return forward(parameters, inputs).argmax(dim=1)


def save(path: str | Path, state: State) -> None:
    """Write a state to a file, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Replaced if it exists. If writing fails, what was there is still there.
    state : dict
        From `begin`, `train` or `load`.
    """
    unfinished = Path(f"{path}.unfinished")
    torch.save(state, unfinished)
    unfinished.replace(path)


def load(path: str | Path, device: torch.device | str = "cpu") -> State:
    """Read a state back without running any code that the file may carry.

    Parameters
    ----------
    path : str or Path
        A file that `save` wrote.
    device : torch.device or str, default "cpu"
        Where its tensors are placed.

    Returns
    -------
    dict
        What was saved, bit for bit, kinds and dtypes included.

    Raises
    ------
    ValueError
        If the file is damaged, or holds anything but a state as plain data; the message names
        the path.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except OSError:
        raise
    except Exception as problem:  # torch raises half a dozen kinds for files that are none of its
        raise ValueError(f"path: got {path}; expected {_EXPECTED['path']}") from problem
    _require(isinstance(state, dict) and "best_parameters" in state, "path", path)
    return state


def _require_orders(orders: Tensor, rows: int) -> None:
    legal = orders.ndim == 2 and orders.shape[1] >= 1 and orders.dtype == torch.int64
    _require(legal, "orders", (orders.dtype, tuple(orders.shape)))
    _require_labels("orders", orders.flatten(), orders.numel(), rows)


def _step(
    state: State, flat: Tensor, gradient: Tensor, learning_rate: float, momentum: float
) -> None:
    state["steps"] += 1
    first, second = state["moments"]
    if state["optimiser"] == "sgd":
        flat -= learning_rate * first.mul_(momentum).add_(gradient)
        return
    first.lerp_(gradient, 1 - _BETA1)
    second.mul_(_BETA2).addcmul_(gradient, gradient, value=1 - _BETA2)
    scale = (second / (1 - _BETA2 ** state["steps"])).sqrt_().add_(_EPSILON)
    flat.addcdiv_(first, scale, value=-learning_rate / (1 - _BETA1 ** state["steps"]))


def _judge_epoch(
    state: State,
    flat: Tensor,
    validation: tuple[Tensor, Tensor],
    class_weights: Tensor | None,
    patience: int | None,
) -> None:
    inputs, targets = validation
    loss = cross_entropy(forward(state["parameters"], inputs), targets, class_weights).item()
    state["validation_losses"].append(loss)
    state["epochs_since_best"] += 1
    if loss < state["best_loss"]:
        state["best_loss"] = loss
        state["epochs_since_best"] = 0
        # A copy: the views of `flat` keep moving.
        state["best_parameters"] = _unflatten(flat.clone(), state["parameters"])
    state["stopped"] = patience is not None and state["epochs_since_best"] >= patience


def _flatten(parameters: Parameters) -> Tensor:
    return torch.cat([tensor.flatten() for layer in parameters for tensor in layer])


def _unflatten(flat: Tensor, like: Parameters) -> Parameters:
    """Views of `flat` in the shapes of `like`."""
    pieces = iter(flat.split([tensor.numel() for layer in like for tensor in layer]))
    return [(next(pieces).view_as(weight), next(pieces).view_as(bias)) for weight, bias in like]
