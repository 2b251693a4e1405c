"""Ensembling: votes, weights, folds, stacking, bagging, greedy selection, crowd labels.

Models come in as functions `fit_predict(x, y, x_new)` that train on `x, y` and return a row of
class probabilities for every row of `x_new`; predictions come in as tensors, members first.
What decides between a sound ensemble and a flattering one is who has seen which row: nothing
here is judged, weighted or stacked on a row that it was fitted to.

Sources: Wolpert 1992 (stacking), Breiman 1996 (bagging, out-of-bag), Caruana et al. 2004
(greedy selection), Dawid and Skene 1979 (annotators), Kim et al. 2020 (weights of a mixture
by second-order steps).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

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
    shape = tuple(labels.shape)
    _require(labels.ndim == 2 and shape[0] > 0, labels=shape)
    _between(1, math.inf, num_classes=num_classes)
    _check_range(0, num_classes - 1, labels=labels)
    votes = _votes_of(weights, labels)
    totals = votes.new_zeros(shape[1], num_classes)
    return totals.scatter_add_(1, labels.T, votes.expand(shape[1], -1)).argmax(1)


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
    shape = tuple(probabilities.shape)
    _require(len(shape) == 3 and shape[0] > 0, probabilities=shape)
    votes = _votes_of(weights, probabilities)
    # The shares are taken in float64: weights as small as 1e-60 are 0 in float32.
    shares = (votes / votes.sum()).to(probabilities.dtype)
    return torch.tensordot(shares, probabilities, dims=1)


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
    given = _at_targets(probabilities, targets).double()  # (members, rows)
    members, rows = given.shape
    best = given.amax(0)
    _require(bool((best > 0).all()), probabilities=f"0 throughout in row {int(best.argmin())}")
    # Newton's method from inside: weight * slack is driven to 0, where slack is 1 - gain.
    weights = given.new_full((members,), 1 / members)
    slack = torch.ones_like(weights)
    for _ in range(_MOST_STEPS):
        ratio = given / (weights @ given)
        gain = ratio.mean(1)
        if gain.max() <= 1 + _GAP:
            break
        target = 0.02 * (weights @ slack) / members / weights
        curvature = ratio @ ratio.T / rows + torch.diag(slack / weights)
        move = torch.linalg.solve(curvature, gain - 1 + target)
        turn = target - slack - slack / weights * move
        reach = min(_reach(weights, move), _reach(slack, turn))
        weights, slack = weights + reach * move, slack + reach * turn
        weights = weights / weights.sum()
    return weights.to(probabilities.dtype)


_MOST_STEPS = 50
_GAP = 1e-9


def _reach(values: Tensor, move: Tensor) -> float:
    """Largest share of a move, up to 1, that leaves all values above 0."""
    return 1 / max(1.0, (-move / values).max().item() / 0.99)


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
    rows = len(targets)
    _between(2, rows, folds=folds)
    shuffled = torch.randperm(rows, generator=generator, device=targets.device)
    by_class = shuffled[targets[shuffled].argsort()]
    dealt = torch.empty_like(by_class)
    dealt[by_class] = torch.arange(rows, device=targets.device) % folds
    return dealt


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
    shape = tuple(folds.shape)
    _require(shape == (len(x),), folds=shape)
    numbers = folds.unique().tolist()
    _require(len(numbers) > 1, folds=numbers)
    predicted = [fit_predict(x[folds != k], y[folds != k], x[folds == k]) for k in numbers]
    rows = torch.cat([(folds == k).nonzero().squeeze(1) for k in numbers])
    return torch.cat(predicted)[rows.argsort()]


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
    _require(0 < l2 < math.inf, l2=l2)
    design = functional.pad(features.double(), (0, 1), value=1.0)  # the bias: a weight of 1
    truth = functional.one_hot(targets, num_classes).double()
    penalty = design.new_full((num_classes, design.shape[1]), l2)
    penalty[:, -1] = 0
    theta = torch.zeros_like(penalty)  # from here whole steps are safe; see README.md
    for _ in range(_MOST_STEPS):
        p = (design @ theta.T).softmax(1)
        gradient = (p - truth).T @ design / len(design) + penalty * theta
        if gradient.abs().max() <= _SLOPE:
            break
        theta = theta + _newton_move(design, p, penalty, gradient)
    theta = theta.to(features.dtype)
    return theta[:, :-1].contiguous(), theta[:, -1].contiguous()


_SLOPE = 1e-9


def _newton_move(design: Tensor, p: Tensor, penalty: Tensor, gradient: Tensor) -> Tensor:
    """Minus the gradient divided by the curvature."""
    rows, classes = p.shape
    inputs = design.shape[1]
    joint = (p[:, :, None] * design[:, None, :]).flatten(1)  # (rows, classes * inputs)
    own = joint.view(rows, classes, inputs).permute(1, 2, 0) @ design  # (classes, inputs, inputs)
    curvature = (joint.T @ joint).neg_().view(classes, inputs, classes, inputs)
    curvature.diagonal(dim1=0, dim2=2).add_(own.permute(1, 2, 0))
    curvature /= rows
    # Adding one number to all biases changes nothing: a curvature of 1 that way settles it.
    curvature[:, -1, :, -1] += 1
    square = curvature.view(joint.shape[1], -1)
    square.diagonal().add_(penalty.flatten())
    return -torch.linalg.solve(square, gradient.flatten()).view_as(gradient)


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
    seen = torch.cat([out_of_fold(member, x, y, folds) for member in fit_predicts], 1)
    weight, bias = fit_logistic(seen, y, num_classes, l2)
    new = torch.cat([member(x, y, x_new) for member in fit_predicts], 1)
    return functional.linear(new, weight, bias).softmax(1)


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
    _between(1, math.inf, rows=rows)
    _between(1, math.inf, rounds=rounds)
    return torch.randint(rows, (rounds, rows), generator=generator, device=generator.device)


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
    shape = tuple(drawn.shape)
    _require(len(shape) == 2 and shape[0] > 0, drawn=shape)
    new, old, outside = [], [], []
    for sample in drawn:
        out = torch.ones_like(y, dtype=torch.bool)
        out[sample] = False
        told = fit_predict(x[sample], y[sample], torch.cat([x[out], x_new]))
        ours = len(told) - len(x_new)
        new.append(told[ours:])
        old.append(told.new_zeros(len(x), told.shape[1]).masked_scatter_(out[:, None], told[:ours]))
        outside.append(out)
    return torch.stack(new).mean(0), torch.stack(old).sum(0) / torch.stack(outside).sum(0)[:, None]


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
    given = _at_targets(probabilities, targets).double()  # (members, rows)
    _between(1, math.inf, rounds=rounds)
    counts = torch.zeros_like(given[:, 0], dtype=torch.int64)
    total = torch.zeros_like(given[0])
    for _ in range(rounds):
        # Dividing the sum by its length shifts all losses alike.
        taken = (total + given).log().sum(1).argmax()
        counts[taken] += 1
        total += given[taken]
    return counts


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
    _check_annotations(annotations, num_classes)
    _between(1, math.inf, iterations=iterations)
    by_task, by_cell = _tables(annotations, num_classes)
    pairs = annotations[:, 0] * num_classes + annotations[:, 2]
    votes = torch.bincount(pairs, minlength=by_task.shape[0] * num_classes).double()
    votes = votes.view(-1, num_classes)  # (tasks, classes)
    posteriors = votes / votes.sum(1, keepdim=True)
    history = []
    for _ in range(iterations):
        prior = posteriors.mean(0)
        said = (by_cell @ posteriors).unflatten(0, (-1, num_classes))  # (annotator, label, truth)
        rates = (said / said.sum(1, keepdim=True)).nan_to_num_()
        # Logarithms: a product over hundreds of labels would be 0 for every class.
        joint = prior.log() + by_task @ rates.log().flatten(0, 1)
        evidence = joint.logsumexp(1, keepdim=True)
        posteriors = (joint - evidence).exp()
        history.append(evidence.sum())
    return {
        "posteriors": posteriors,
        "prior": prior,
        "errors": rates.transpose(1, 2).contiguous(),
        "log_likelihoods": torch.stack(history),
    }


def _check_annotations(annotations: Tensor, num_classes: int) -> None:
    shape = tuple(annotations.shape)
    fits = len(shape) == 2 and shape[0] > 0 and shape[1] == 3
    _require(fits, annotations=shape)
    _between(1, math.inf, num_classes=num_classes)
    _check_range(0, math.inf, annotations=annotations)
    _check_range(0, num_classes - 1, annotations=annotations[:, 2])


def _tables(annotations: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    """How often each task got each label from each annotator, by task and by (annotator, label)."""
    task, annotator, label = annotations.T
    places = torch.stack([task, annotator * num_classes + label])
    sides = (int(task.max()) + 1, (int(annotator.max()) + 1) * num_classes)
    once = torch.ones_like(task, dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this layout is in beta, and ten times as fast
        counts = torch.sparse_coo_tensor(places, once, sides)
        return counts.to_sparse_csr(), counts.t().to_sparse_csr()


# -- shared -----------------------------------------------------------------------------------


_EXPECTED = {
    "labels": "the shape (members, rows), and one member at least",
    "probabilities": "the shape (members, rows, classes), and a chance for every row",
    "weights": "one for each member, and a sum above 0",
    "targets": "one for each row",
    "folds": "one for each row, and two different ones at least",
    "l2": "a number above 0",
    "drawn": "the shape (rounds, size), and one round at least",
    "annotations": "the shape (annotations, 3), and one annotation at least",
}


def _votes_of(weights: Tensor | None, members: Tensor) -> Tensor:
    """Weights in float64, checked; ones if there are none."""
    if weights is None:
        return members.new_ones(len(members)).double()
    shape = tuple(weights.shape)
    _require(shape == (len(members),), weights=shape)
    votes = weights.double()
    _check_range(0, torch.finfo(votes.dtype).max, weights=votes)
    _require(bool(votes.any()), weights=votes.sum().item())
    return votes


def _at_targets(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Probability that each member gives to the class of each row."""
    members, rows, classes = probabilities.shape
    shape = tuple(targets.shape)
    _require(shape == (rows,), targets=shape)
    _check_range(0, classes - 1, targets=targets)
    return probabilities.gather(2, targets.expand(members, rows)[..., None]).squeeze(2)


def _check_range(low: float, high: float, **argument: Tensor) -> None:
    ((name, values),) = argument.items()
    if values.numel():
        for extreme in values.aminmax():
            _between(low, high, **{name: extreme.item()})


def _between(low: float, high: float, **argument: float) -> None:
    ((name, value),) = argument.items()
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; expected from {low} to {high}")


def _require(fits: bool, **argument: object) -> None:
    if not fits:
        ((name, value),) = argument.items()
        raise ValueError(f"{name} is {value}; expected {_EXPECTED[name]}")
