"""A classifier from first principles: losses, gradients, metrics and training, tensor by tensor.

Scope: fully connected ReLU networks on dense rows, trained by mini-batches. Nothing here uses
`torch.nn`, `torch.optim` or autograd: every derivative is written out. Each function runs on
whatever device and floating dtype its inputs have.

Sources: Goodfellow, Bengio & Courville, *Deep Learning* (2016), chapters 6 to 8, for losses,
back-propagation and regularisation; He et al. (2015) for the initial weights; Kingma & Ba (2015)
for Adam; Fawcett (2006) for the ROC curve.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

Parameters = list[tuple[Tensor, Tensor]]
"""One `(weight, bias)` per layer: weight of shape (fan_in, fan_out), bias of shape (fan_out,)."""

State = dict[str, Any]
"""A training run as plain data: see `begin` for the keys."""


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
    raise NotImplementedError("Part 1, Losses")


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
    raise NotImplementedError("Part 1, Losses")


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
    raise NotImplementedError("Part 1, Losses")


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
    raise NotImplementedError("Part 1, Losses")


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
    raise NotImplementedError("Part 2, Forward pass")


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
    raise NotImplementedError("Part 2, Forward pass")


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
    raise NotImplementedError("Part 3, Backward pass")


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
    raise NotImplementedError("Part 4, Gradient check")


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
    raise NotImplementedError("Part 5, Regularisation")


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
    raise NotImplementedError("Part 5, Regularisation")


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
    raise NotImplementedError("Part 6, Metrics")


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
    raise NotImplementedError("Part 6, Metrics")


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
    raise NotImplementedError("Part 6, Metrics")


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
    raise NotImplementedError("Part 6, Metrics")


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
    raise NotImplementedError("Part 6, Metrics")


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
    raise NotImplementedError("Part 7, Imbalance")


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
    raise NotImplementedError("Part 7, Imbalance")


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
    raise NotImplementedError("Part 7, Imbalance")


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
    raise NotImplementedError("Part 8, Training")


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
    raise NotImplementedError("Part 8, Training")


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
    raise NotImplementedError("Part 8, Training")


def save(path: str | Path, state: State) -> None:
    """Write a state to a file, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Replaced if it exists. If writing fails, what was there is still there.
    state : dict
        From `begin`, `train` or `load`.
    """
    raise NotImplementedError("Part 8, Training")


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
    raise NotImplementedError("Part 8, Training")
