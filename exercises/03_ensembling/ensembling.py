"""Ensembling: votes, weights, folds, stacking, bagging, greedy selection, crowd labels.

The statement is `README.md` beside this file; `nox -s check -- 03` judges your work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

FitPredict = Callable[[Tensor, Tensor, Tensor], Tensor]

# -- Part 1: Hard vote ------------------------------------------------------------------------


def hard_vote(labels: Tensor, num_classes: int, weights: Tensor | None = None) -> Tensor:
    """Class with the most votes, for every row.

    Parameters
    ----------
    labels : Tensor of shape (members, rows)
        The class that each member predicts, int64, from 0 to `num_classes - 1`. At least one
        member; there may be no rows.
    num_classes : int
        Number of classes, at least 1.
    weights : Tensor of shape (members,), optional
        Votes that each member has, of any dtype: finite, at least 0, not all 0. One each if
        not given.

    Returns
    -------
    Tensor of shape (rows,)
        The winners, int64, on the labels' device. Of equally many votes the lowest class wins.

    Raises
    ------
    ValueError
        If an argument is not as described; the message holds its name and what was wrong: the
        shape, the value, or 0.0 for weights that sum to it.

    Examples
    --------
    >>> hard_vote(torch.tensor([[2, 0, 1], [2, 1, 0], [0, 1, 2]]), 3)
    tensor([2, 1, 0])
    """
    raise NotImplementedError("Part 1, Hard vote")


# -- Part 2: Soft vote ------------------------------------------------------------------------


def soft_vote(probabilities: Tensor, weights: Tensor | None = None) -> Tensor:
    """Weighted mean of the members' probabilities.

    Parameters
    ----------
    probabilities : Tensor of shape (members, rows, classes)
        Floating point. At least one member; there may be no rows.
    weights : Tensor of shape (members,), optional
        Of any dtype and any scale: finite, at least 0, not all 0. Equal ones if not given.

    Returns
    -------
    Tensor of shape (rows, classes)
        The mean, in the dtype and on the device of `probabilities`.

    Raises
    ------
    ValueError
        If an argument is not as described; the message holds its name and what was wrong: the
        shape, the value, or 0.0 for weights that sum to it.
    """
    raise NotImplementedError("Part 2, Soft vote")


# -- Part 3: Best weights ---------------------------------------------------------------------


def best_weights(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Weights under which the mean of the members has the least log-loss.

    Parameters
    ----------
    probabilities : Tensor of shape (members, rows, classes)
        Floating point; at least one member and one row. They were not fitted to these rows.
    targets : Tensor of shape (rows,)
        The true classes, int64. At least one member gives each row's class some probability.

    Returns
    -------
    Tensor of shape (members,)
        Weights of at least 0 that sum to 1, in the dtype and on the device of `probabilities`.

    Raises
    ------
    ValueError
        If `targets` has another shape (the message holds its name and that shape) or a value
        that is no class (its name and the value), or if no member gives a row's class any
        probability (`probabilities` and the row's index, from 0).

    Notes
    -----
    With `q[k, i]`, the probability that member `k` gives to the class of row `i`, and the
    mixture `m[i] = sum of w[k] * q[k, i]`, the log-loss is the mean of `-log(m)`. It is convex,
    and weights are best if no member's `gain[k]`, the mean of `q[k] / m`, is above 1; the loss
    is at most `log(max(gain))` above the least.

    References
    ----------
    Kim, Carbonetto, Stephens and Anitescu 2020, "A Fast Algorithm for Maximum Likelihood
    Estimation of Mixture Proportions Using Sequential Quadratic Programming".
    """
    raise NotImplementedError("Part 3, Best weights")


# -- Part 4: Out of fold ----------------------------------------------------------------------


def stratified_folds(targets: Tensor, folds: int, generator: torch.Generator) -> Tensor:
    """Number of the fold that each row belongs to, at random and evenly.

    Parameters
    ----------
    targets : Tensor of shape (rows,)
        Classes, int64; any numbers will do.
    folds : int
        How many, from 2 to the number of rows.
    generator : torch.Generator
        Source of all randomness, on the device of `targets`.

    Returns
    -------
    Tensor of shape (rows,)
        From 0 to `folds - 1`, int64, on the device of `targets`. The sizes of any two folds
        differ by one at most, and so do their numbers of rows of any class.

    Raises
    ------
    ValueError
        If `folds` is outside its range; the message holds its name and its value.
    """
    raise NotImplementedError("Part 4, Out of fold")


def out_of_fold(fit_predict: FitPredict, x: Tensor, y: Tensor, folds: Tensor) -> Tensor:
    """Predictions for every row, each by a model that was trained without the row's fold.

    Parameters
    ----------
    fit_predict : callable
        `fit_predict(x, y, x_new)` trains on `x, y` and returns a tensor with one prediction, a
        number or a tensor of any shape, for each row of `x_new`.
    x : Tensor of shape (rows, ...)
        Inputs.
    y : Tensor of shape (rows,)
        Their classes, int64.
    folds : Tensor of shape (rows,)
        The fold of each row, int64: any numbers, two different ones at least.

    Returns
    -------
    Tensor of shape (rows, ...)
        The predictions in the order of the rows, in their own dtype and on their device.

    Raises
    ------
    ValueError
        If `folds` has another shape than `(rows,)` (the message holds its name and that shape)
        or only one value (its name and that value).

    Notes
    -----
    There is one call for each fold, the lowest number first. Rows keep their order in it.
    """
    raise NotImplementedError("Part 4, Out of fold")


# -- Part 5: Stacking -------------------------------------------------------------------------


def fit_logistic(
    features: Tensor, targets: Tensor, num_classes: int, l2: float
) -> tuple[Tensor, Tensor]:
    """Fit a multinomial logistic regression with a penalty on its weights.

    Parameters
    ----------
    features : Tensor of shape (rows, features)
        Floating point; at least one row.
    targets : Tensor of shape (rows,)
        Classes, int64, from 0 to `num_classes - 1`; not every class needs to occur.
    num_classes : int
        Number of classes, at least 1.
    l2 : float
        Factor of the penalty, finite and above 0.

    Returns
    -------
    weight : Tensor of shape (num_classes, features)
    bias : Tensor of shape (num_classes,)
        In the features' dtype, on their device.

    Raises
    ------
    ValueError
        If `l2` is not finite and above 0; the message holds its name and its value.

    Notes
    -----
    They minimise the mean cross-entropy of the logits `features @ weight.T + bias`, plus
    `l2 / 2` times the sum of all squared weights. The biases are not penalised. No derivative
    there is larger than 1e-6 in absolute value (2e-5 for float32). If a class does not occur
    there is no minimum; any point whose derivatives are that small will do.
    """
    raise NotImplementedError("Part 5, Stacking")


def stack(
    fit_predicts: Sequence[FitPredict],
    x: Tensor,
    y: Tensor,
    x_new: Tensor,
    folds: Tensor,
    num_classes: int,
    l2: float = 1e-3,
) -> Tensor:
    """Class probabilities by a logistic model that was trained on out-of-fold predictions.

    Parameters
    ----------
    fit_predicts : sequence of callable
        The base models, at least one: each `fit_predict(x, y, x_new)` returns probabilities of
        shape (rows of `x_new`, classes).
    x : Tensor of shape (rows, ...)
        Inputs to train on.
    y : Tensor of shape (rows,)
        Their classes, int64.
    x_new : Tensor of shape (new rows, ...)
        Inputs to predict.
    folds : Tensor of shape (rows,)
        The fold of each row, int64: any numbers, two different ones at least.
    num_classes : int
        Number of classes, at least 1.
    l2 : float, default 1e-3
        Factor of the penalty of the logistic model, above 0.

    Returns
    -------
    Tensor of shape (new rows, num_classes)
        In the base models' dtype, on their device.

    Raises
    ------
    ValueError
        As `out_of_fold` and `fit_logistic` do.

    Notes
    -----
    A row's features are the base models' predictions side by side, in their order. Those to
    train on are out of fold; those of `x_new` come from base models that are trained anew on all
    of `x`.

    References
    ----------
    Wolpert 1992, "Stacked Generalization".
    """
    raise NotImplementedError("Part 5, Stacking")


# -- Part 6: Bagging --------------------------------------------------------------------------


def bootstrap(rows: int, rounds: int, generator: torch.Generator) -> Tensor:
    """Rows to train on, drawn with replacement.

    Parameters
    ----------
    rows : int
        How many there are, and how many are drawn each time, at least 1.
    rounds : int
        Number of draws, at least 1.
    generator : torch.Generator
        Source of all randomness.

    Returns
    -------
    Tensor of shape (rounds, rows)
        Each entry is any of 0 to `rows - 1` with the same chance, whatever the others are;
        int64, on the generator's device.

    Raises
    ------
    ValueError
        If `rows` or `rounds` is below 1; the message holds its name and its value.
    """
    raise NotImplementedError("Part 6, Bagging")


def bag(
    fit_predict: FitPredict, x: Tensor, y: Tensor, x_new: Tensor, drawn: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean of models that were trained on bootstrap samples, and the out-of-bag estimate.

    Parameters
    ----------
    fit_predict : callable
        `fit_predict(x, y, x_new)` returns probabilities of shape (rows of `x_new`, classes), each
        row of them independent of the other rows of `x_new`.
    x : Tensor of shape (rows, ...)
        Inputs to train on.
    y : Tensor of shape (rows,)
        Their classes, int64.
    x_new : Tensor of shape (new rows, ...)
        Inputs to predict; there may be none.
    drawn : Tensor of shape (rounds, size)
        The rows that each model is trained on, int64, as often and in the order as they stand
        there. At least one round.

    Returns
    -------
    probabilities : Tensor of shape (new rows, classes)
        The mean of all models.
    out_of_bag : Tensor of shape (rows, classes)
        For every row of `x` the mean of those models that were trained without it; NaN for
        rows that all models were trained on. Both are of the predictions' dtype and device.

    Raises
    ------
    ValueError
        If `drawn` is not two-dimensional or has no round; the message holds its name and its
        shape.

    Notes
    -----
    `fit_predict` is called once for each round, in order.

    References
    ----------
    Breiman 1996, "Bagging Predictors" and "Out-of-Bag Estimation".
    """
    raise NotImplementedError("Part 6, Bagging")


# -- Part 7: Greedy selection -----------------------------------------------------------------


def greedy_selection(probabilities: Tensor, targets: Tensor, rounds: int) -> Tensor:
    """How often each member is taken, when every round takes the one that helps most.

    Parameters
    ----------
    probabilities : Tensor of shape (members, rows, classes)
        Floating point; at least one member and one row. They were not fitted to these rows.
    targets : Tensor of shape (rows,)
        The true classes, int64.
    rounds : int
        Members to take, at least 1; any may be taken again.

    Returns
    -------
    Tensor of shape (members,)
        Counts that sum to `rounds`, int64, on the device of `probabilities`.

    Raises
    ------
    ValueError
        If `targets` has another shape (the message holds its name and that shape) or a value
        that is no class (its name and the value), or if `rounds` is below 1 (its name and value).

    Notes
    -----
    Each round adds the member with which the mean of all taken so far, each as often as it was
    taken, has the least log-loss; of equal losses that of the lowest index.

    References
    ----------
    Caruana, Niculescu-Mizil, Crew and Ksikes 2004, "Ensemble Selection from Libraries of Models".
    """
    raise NotImplementedError("Part 7, Greedy selection")


# -- Part 8: Crowd labels ---------------------------------------------------------------------


def dawid_skene(annotations: Tensor, num_classes: int, iterations: int = 100) -> dict[str, Tensor]:
    """True classes and the annotators' error rates, estimated together from labels alone.

    Parameters
    ----------
    annotations : Tensor of shape (annotations, 3)
        Task, annotator and label of each, int64, from 0; at least one. Every task from 0 to the
        highest has a label; annotators may label a task several times, or not at all.
    num_classes : int
        Number of classes, at least 1; labels are below it.
    iterations : int, default 100
        How often both steps are done, at least 1.

    Returns
    -------
    dict of str to Tensor
        All float64, on the annotations' device. `posteriors`, of shape (tasks, classes): the
        probabilities of each task's true class after the last iteration. `prior`, of shape
        (classes,), and `errors`, of shape (annotators, classes, classes): the last estimates.
        `errors[a, c, l]` is the probability that annotator `a` says `l` where the truth is `c`; the
        row is 0 if `a` never met `c`. `log_likelihoods`, of shape (iterations,): of all
        annotations, under the estimates of each iteration.

    Raises
    ------
    ValueError
        If `annotations` has another shape (the message holds its name and that shape), a negative
        number or a label that is no class (its name and that value), or if `num_classes` or
        `iterations` is below 1 (its name and value).

    Notes
    -----
    `posteriors` start as the shares of each task's labels. An iteration estimates `prior`, their
    mean, and `errors`, the shares of an annotator's labels weighted by them; then the likelihood
    of a task's labels for each class is the prior times the rates of all its labels, the
    posteriors are its shares, and the log-likelihood is the sum of the logarithms of its sums.
    Nothing is clamped or smoothed; a posterior too small for float64 is 0.

    References
    ----------
    Dawid and Skene 1979, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM
    Algorithm".
    """
    raise NotImplementedError("Part 8, Crowd labels")
