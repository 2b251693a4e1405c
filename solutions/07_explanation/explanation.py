"""Explanation: which inputs a prediction rests on, and how far an explanation can be trusted.

Shapley values (exact, by permutations, by weighted least squares), a local linear model,
gradients along a path, attention, rules that imitate a model, and the check that features
called important are important to the model. Nothing here draws random numbers: coalitions,
permutations and samples are arguments, so that every result can be repeated and compared.

Sources: Shapley 1953; Castro et al. 2009 (permutations), Mitchell et al. 2022 (antithetic
ones); Lundberg and Lee 2017 (kernel); Ribeiro et al. 2016 (LIME); Sundararajan et al. 2017
(integrated gradients); Abnar and Zuidema 2020 (rollout); Craven and Shavlik 1996, Breiman et
al. 1984 (surrogate trees); Samek et al. 2017, Petsiuk et al. 2018 (deletion).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

Predict = Callable[[Tensor], Tensor]

_ROWS = 4096  # that are predicted at once: few enough for a model's activations to stay in cache

# -- Part 1: Exact Shapley values -------------------------------------------------------------


def exact_shapley(values: Tensor) -> Tensor:
    """Shapley values of a game, from the values of all its coalitions.

    Parameters
    ----------
    values : Tensor of shape (2**players,)
        Floating point; one player or more. Entry `s` is the value of the coalition in which
        player `i` takes part if and only if bit `i` of `s` is set, that is `s >> i & 1`.

    Returns
    -------
    Tensor of shape (players,)
        In the dtype and on the device of `values`. They add up to
        `values[-1] - values[0]`.

    Raises
    ------
    ValueError
        If `values` is not 1-D, or its length no power of two from 2 on; the message holds its
        name and its shape.

    Notes
    -----
    Player `i` gets the sum, over all coalitions `S` without `i`, of
    `|S|! (players - |S| - 1)! / players! * (v(S and i) - v(S))`.

    References
    ----------
    Shapley 1953, "A Value for n-Person Games".

    Examples
    --------
    >>> exact_shapley(torch.tensor([0.0, 2.0, 4.0, 10.0]))
    tensor([4., 6.])
    """
    players = max(1, values.numel().bit_length() - 1)
    _require_shape((2**players,), values=values)
    shapley = values.new_empty(players)
    weights = _weights(values, players)
    for player in range(players):
        # Bit `player` splits the table in two, the other players in the same order in both.
        without, joined = values.reshape(-1, 2, 2**player).unbind(1)
        shapley[player] = (joined - without).flatten() @ weights
    return shapley


def _weights(values: Tensor, players: int) -> Tensor:
    """Weight of every coalition of all players but one, in the order of their bits."""
    sizes = values.new_zeros(1)
    for _ in range(players - 1):
        sizes = torch.cat([sizes, sizes + 1])
    share = [1 / (players * math.comb(players - 1, size)) for size in range(players)]
    return values.new_tensor(share)[sizes.long()]


# -- Part 2: Absent features ------------------------------------------------------------------


def coalition_values(predict: Predict, x: Tensor, background: Tensor, coalitions: Tensor) -> Tensor:
    """What a model predicts, on average, when it knows only some features of an example.

    Parameters
    ----------
    predict : callable
        The model: takes rows of shape (n, features), in the dtype and on the device of `x`,
        and returns a tensor of shape (n,). Rows do not influence one another.
    x : Tensor of shape (features,)
        The example to explain.
    background : Tensor of shape (rows, features)
        Examples that absent features take their values from; at least one.
    coalitions : Tensor of shape (n, features)
        Bool; True where a feature is present, that is, known.

    Returns
    -------
    Tensor of shape (n,)
        For each coalition the mean, over the rows of `background`, of the prediction for
        that row with the present features replaced by those of `x`. In the dtype and on the
        device of the predictions.

    Raises
    ------
    ValueError
        If `background` or `coalitions` does not have two dimensions, the second as long as
        `x`, or if `background` has no rows; the message holds the argument's name and its
        shape.
    """
    _check_columns(len(x), background=background, coalitions=coalitions)
    _require_rows(background=background)
    rows = len(background)
    means = []
    for present in coalitions.split(max(1, _ROWS // rows)):
        mixed = torch.where(present[:, None], x, background)  # (coalitions, rows, features)
        means.append(_ask(predict, mixed.flatten(0, 1)).reshape(-1, rows).mean(1))
    return torch.cat(means)


# -- Part 3: Permutations ---------------------------------------------------------------------


def permutation_shapley(
    predict: Predict, x: Tensor, background: Tensor, permutations: Tensor
) -> Tensor:
    """Estimate Shapley values by letting features join in given orders, and in reverse.

    Parameters
    ----------
    predict, x, background
        As for `coalition_values`; one feature or more.
    permutations : Tensor of shape (n, features)
        Orders in which the features join, int64; at least one. Each row holds the numbers
        0 to `features - 1`.

    Returns
    -------
    Tensor of shape (features,)
        The mean of what each feature adds to the value of the coalition of those before it,
        over all orders and their reversals, in the dtype and on the device of the
        predictions. They add up to the prediction for `x` less the mean prediction for
        `background`, whatever the orders.

    Raises
    ------
    ValueError
        As for `coalition_values`; if `permutations` has another shape or no rows (the message
        holds its name and its shape), or if one of its rows is no permutation
        (`permutations` and that row as a list).

    References
    ----------
    Castro et al. 2009, "Polynomial calculation of the Shapley value based on sampling";
    Mitchell et al. 2022, "Sampling Permutations for Shapley Value Estimation", section 3.
    """
    features = len(x)
    _check_permutations(permutations, features)
    ranks = torch.cat([permutations, permutations.flip(1)]).argsort(1)  # (orders, features)
    size = ranks.new_tensor(range(features + 1))
    # Present at a size are those who rank below it: (orders, sizes, features).
    joined = ranks[:, None] < size[:, None]
    values = coalition_values(predict, x, background, joined.flatten(0, 1))
    added = values.reshape(len(ranks), -1).diff(dim=1)  # at each place of each order
    return added.gather(1, ranks).mean(0)


def _check_permutations(permutations: Tensor, features: int) -> None:
    _check_columns(features, permutations=permutations)
    _require_rows(permutations=permutations)
    everyone = list(range(features))
    for row in permutations.tolist():
        _require(sorted(row) == everyone, f"{everyone} in some order", permutations=row)


# -- Part 4: Kernel SHAP ----------------------------------------------------------------------


def shapley_kernel(coalitions: Tensor) -> Tensor:
    """Weights under which least squares finds Shapley values.

    Parameters
    ----------
    coalitions : Tensor of shape (n, features)
        Bool; True where a feature is present.

    Returns
    -------
    Tensor of shape (n,)
        For a coalition of `s` of `m` features `(m - 1) / (comb(m, s) * s * (m - s))`, and 0
        for the empty and the full one. Float64, on the device of `coalitions`.

    References
    ----------
    Lundberg and Lee 2017, "A Unified Approach to Interpreting Model Predictions", theorem 2.

    Examples
    --------
    >>> shapley_kernel(torch.tensor([[True, False, False, False], [True, True, False, False]]))
    tensor([0.2500, 0.1250], dtype=torch.float64)
    """
    m = coalitions.shape[1]
    inner = [(m - 1) / (math.comb(m, s) * s * (m - s)) for s in range(1, m)]
    return coalitions.double().new_tensor([0, *inner, 0])[coalitions.sum(1)]


def kernel_shap(
    predict: Predict,
    x: Tensor,
    background: Tensor,
    coalitions: Tensor,
    weights: Tensor | None = None,
) -> Tensor:
    """Estimate Shapley values by constrained weighted least squares over coalitions.

    Parameters
    ----------
    predict, x, background
        As for `coalition_values`; one feature or more.
    coalitions : Tensor of shape (n, features)
        Bool; True where a feature is present. They determine the result: the least sum
        below is attained once. A coalition that is there twice counts twice.
    weights : Tensor of shape (n,), optional
        Weight of each coalition, floating point, 0 or more; `shapley_kernel(coalitions)` if
        not given. Pass ones for coalitions that were drawn with that kernel as their
        probability.

    Returns
    -------
    Tensor of shape (features,)
        The numbers `phi` with the least sum, over all coalitions `z`, of
        `weight * (v(z) - v(none) - sum of phi over z)**2` among those that add up to
        `v(all) - v(none)` exactly, where `v` are the `coalition_values`. In the dtype and on
        the device of the predictions.

    Raises
    ------
    ValueError
        As for `coalition_values`; if `weights` has another shape than (n,) (the message holds
        its name and its shape), or if one of them is negative or NaN (`weights` and the
        first such).

    References
    ----------
    Lundberg and Lee 2017, section 4.1; Covert and Lee 2021, "Improving KernelSHAP".
    """
    if weights is None:
        weights = shapley_kernel(coalitions)
    _require_shape((len(coalitions),), weights=weights)
    for weight in weights.tolist():
        _require_at_least(0, weights=weight)
    ends = coalitions.new_tensor([[False], [True]]).expand(2, len(x))
    values = coalition_values(predict, x, background, torch.cat([ends, coalitions]))
    none, total = values[0].double(), (values[1] - values[0]).double()
    # The last feature gets what the others leave, which makes the constraint part of the
    # unknowns: phi[-1] = total - sum(phi[:-1]).
    present = coalitions.double()
    last = present[:, -1:]
    design = present[:, :-1] - last
    target = values[2:].double() - none - last[:, 0] * total
    weighted = design.T * weights
    others = torch.linalg.solve(weighted @ design, weighted @ target)
    return torch.cat([others, (total - others.sum())[None]]).to(values.dtype)


# -- Part 5: LIME -----------------------------------------------------------------------------


def lime_tabular(
    predict: Predict,
    x: Tensor,
    samples: Tensor,
    scale: Tensor,
    kernel_width: float | None = None,
    ridge: float = 1.0,
) -> dict[str, Any]:
    """Fit a linear model to a model's predictions near an example.

    Parameters
    ----------
    predict : callable
        As for `coalition_values`.
    x : Tensor of shape (features,)
        The example to explain.
    samples : Tensor of shape (n, features)
        Examples around it, on which the model is asked; it does not predict the same for
        all. Some are near enough for their weights not to vanish.
    scale : Tensor of shape (features,)
        What counts as one unit of each feature, such as its standard deviation; above 0.
    kernel_width : float, optional
        Distance, in those units, at which a sample's weight has fallen to `exp(-1 / 2)`; above
        0. `0.75 * sqrt(features)` if not given.
    ridge : float, default 1.0
        Factor of the squared coefficients in what is minimised, 0 or more. With 0 the
        samples have to determine the result.

    Returns
    -------
    dict
        `coefficients`, a tensor of shape (features,), per unit of each feature, in the dtype
        and on the device of the predictions; `intercept`, a float, what the linear model
        predicts for `x` itself; `score`, a float, the weighted share of the predictions'
        variance that it explains (R squared).

    Raises
    ------
    ValueError
        If `samples` or `scale` has another shape (the message holds the argument's name and
        its shape), or if one of `scale`, `kernel_width` or `ridge` is outside its range (the
        argument's name and that value).

    Notes
    -----
    With `z = (sample - x) / scale` and `d` its Euclidean norm, the weight of a sample is
    `exp(-d**2 / (2 * kernel_width**2))`. Minimised is the sum over the samples of
    `weight * (predict(sample) - intercept - z @ coefficients)**2`, plus
    `ridge * sum(coefficients**2)`; the intercept is not penalised.

    References
    ----------
    Ribeiro et al. 2016, '"Why Should I Trust You?" Explaining the Predictions of Any
    Classifier'; Garreau and von Luxburg 2020, "Explaining the Explainer".
    """
    features = len(x)
    _check_columns(features, samples=samples)
    _require_shape((features,), scale=scale)
    for unit in scale.tolist():
        _require_above(0, scale=unit)
    width = 0.75 * math.sqrt(features) if kernel_width is None else kernel_width
    _require_above(0, kernel_width=width)
    _require_at_least(0, ridge=ridge)

    z = (samples - x) / scale
    y = _ask(predict, samples)
    weights = (z.square().sum(1) / (-2 * width**2)).exp()
    share = weights / weights.sum()
    # Centred on their weighted means, both sides need no intercept, and none is penalised.
    z_mean, y_mean = share @ z, share @ y
    z, y = z - z_mean, y - y_mean
    weighted = z.T * weights
    system = weighted @ z
    system.diagonal().add_(ridge)
    coefficients = torch.linalg.solve(system, weighted @ y)
    left = y - z @ coefficients
    return {
        "coefficients": coefficients,
        "intercept": (y_mean - z_mean @ coefficients).item(),
        "score": 1 - ((weights @ left.square()) / (weights @ y.square())).item(),
    }


# -- Part 6: Integrated gradients -------------------------------------------------------------


def integrated_gradients(
    model: Predict, inputs: Tensor, baseline: Tensor, steps: int = 50
) -> Tensor:
    """Attribute predictions to inputs by their gradients along the way from a baseline.

    Parameters
    ----------
    model : callable
        Takes a tensor of shape (rows, ...) and returns one of shape (rows,) that depends on
        it differentiably. Rows do not influence one another.
    inputs : Tensor of shape (n, ...)
        Examples to explain.
    baseline : Tensor of shape (...)
        One example that means "nothing", where every path begins; of the dtype of `inputs`.
    steps : int, default 50
        Number of Gauss-Legendre nodes on the path, at least 1.

    Returns
    -------
    Tensor of shape (n, ...)
        `(inputs - baseline)` times the integral, over `a` from 0 to 1, of the gradient at
        `baseline + a * (inputs - baseline)`. In the dtype and on the device of `inputs`. The
        attributions of an example add up to about `model(input) - model(baseline)`.

    Raises
    ------
    ValueError
        If `steps` is below 1 (the message holds its name and its value) or `baseline` does
        not have the shape of one input (its name and its shape).

    References
    ----------
    Sundararajan et al. 2017, "Axiomatic Attribution for Deep Networks".
    """
    _require_at_least(1, steps=steps)
    _require_shape(tuple(inputs.shape[1:]), baseline=baseline)
    nodes, weights = np.polynomial.legendre.leggauss(steps)  # on [-1, 1]
    way = (inputs - baseline).detach()
    along = (steps, *[1] * inputs.ndim)
    share = way.new_tensor((nodes + 1) / 2).reshape(along)
    path = (baseline.detach() + share * way).flatten(0, 1).requires_grad_()
    with torch.enable_grad():
        (gradients,) = torch.autograd.grad(model(path).sum(), path)
    gradients = gradients.reshape(steps, *inputs.shape)
    return way * torch.tensordot(way.new_tensor(weights / 2), gradients, 1)


# -- Part 7: Attention ------------------------------------------------------------------------


def attention_pool(hidden: Tensor, scores: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Summarise sequences of different lengths by a weighted mean of their tokens.

    Parameters
    ----------
    hidden : Tensor of shape (batch, tokens, width)
        Floating point, half precision included. Anything may stand at padding, NaN too.
    scores : Tensor of shape (batch, tokens)
        From -10,000 to 10,000 wherever `mask` is True; of the dtype of `hidden`.
    mask : Tensor of shape (batch, tokens)
        Bool; True for tokens, False for padding.

    Returns
    -------
    pooled : Tensor of shape (batch, width)
        The weighted sum of each sequence's `hidden`, in its dtype.
    weights : Tensor of shape (batch, tokens)
        Softmax of the scores over the tokens of each sequence; exactly 0 at padding. Both
        are 0 for a sequence that is all padding. Gradients flow through both and are
        finite.

    Raises
    ------
    ValueError
        If `scores` or `mask` does not have the shape (batch, tokens) of `hidden`; the message
        holds the argument's name and its shape.
    """
    _require_shape(tuple(hidden.shape[:2]), scores=scores)
    _require_shape(tuple(hidden.shape[:2]), mask=mask)
    # The lowest finite number instead of -inf: no NaN arises in a row of padding, and none
    # gets into its gradient.
    lowest = torch.finfo(scores.dtype).min
    weights = scores.masked_fill(~mask, lowest).softmax(1).masked_fill(~mask, 0)
    tokens = hidden.masked_fill(~mask[..., None], 0)  # 0 times NaN would be NaN
    return (weights[:, None] @ tokens).squeeze(1), weights


def attention_rollout(attentions: Sequence[Tensor]) -> Tensor:
    """Follow attention through all layers, back to the tokens that went in.

    Parameters
    ----------
    attentions : sequence of Tensor of shape (batch, heads, tokens, tokens)
        From the first layer to the last, at least one; entry `[b, h, i, j]` says how much
        token `i` attends to token `j`, and is 0 or more.

    Returns
    -------
    Tensor of shape (batch, tokens, tokens)
        Row `i` says how much each input token has contributed to token `i` after the last
        layer; it adds up to 1. In the dtype and on the device of the layers.

    Raises
    ------
    ValueError
        If there is no layer; the message holds `attentions` and their number, 0.

    Notes
    -----
    A layer's matrix is the mean over its heads plus the identity, for the residual
    connection, each row divided by its sum. Later layers multiply from the left.

    References
    ----------
    Abnar and Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3.
    """
    _require_at_least(1, attentions=len(attentions))
    rollout, *later = map(_with_residual, attentions)
    for layer in later:
        rollout = layer @ rollout
    return rollout


def _with_residual(attention: Tensor) -> Tensor:
    """Mean over the heads plus the identity, each row divided by its sum."""
    mixed = attention.mean(1)
    mixed.diagonal(dim1=1, dim2=2).add_(1)
    return mixed / mixed.sum(2, keepdim=True)


# -- Part 8: Faithfulness ---------------------------------------------------------------------


def surrogate_rules(predict: Predict, x: Tensor, max_depth: int) -> list[dict[str, Any]]:
    """Imitate a classifier by a small decision tree, and read the tree as rules.

    Parameters
    ----------
    predict : callable
        The classifier: takes rows of shape (n, features) and returns their classes, int64, of
        shape (n,), 0 or more. Equal rows have equal classes.
    x : Tensor of shape (rows, features)
        Examples on which it is imitated, finite; at least one.
    max_depth : int
        Most splits between the root and a leaf, 0 or more.

    Returns
    -------
    list of dict
        One for each leaf, in any order. `bounds`: a dict from the index of a feature to a
        tuple of floats `(low, high)`; the rule holds for rows with `low < feature <= high`
        for all of them. An open end is infinite; a feature without any bound is left out.
        `label`: the class that is predicted most often for the rows of `x` that the rule
        covers, the lowest of several, an int. `support`: their number, an int. `fidelity`:
        the share of them for which `label` is predicted, a float.

    Raises
    ------
    ValueError
        If `max_depth` is negative (the message holds its name and its value) or `x` has no
        rows (its name and its shape).

    Notes
    -----
    A node whose rows have several predicted classes is split as long as the depth allows.
    Of all features and of all places midway between two neighbouring values, that split is
    chosen which leaves the least Gini impurity, the mean over both sides weighted by their
    rows; which of equal ones does not matter.

    References
    ----------
    Craven and Shavlik 1996, "Extracting Tree-Structured Representations of Trained Networks";
    Breiman et al. 1984, "Classification and Regression Trees".
    """
    _require_at_least(0, max_depth=max_depth)
    _require_rows(x=x)
    classes = torch.nn.functional.one_hot(_ask(predict, x)).double()
    return _grow(x.double(), classes, max_depth, {})  # float32 has no middle of neighbours


def _grow(
    x: Tensor, classes: Tensor, depth: int, bounds: dict[int, tuple[float, float]]
) -> list[dict[str, Any]]:
    """Rules for the rows of `x`, which `bounds` have selected; `classes` are one-hot."""
    counts = classes.sum(0)
    most, label = counts.max(0)
    share = most.item() / len(x)
    if depth == 0 or share == 1:
        return [{"bounds": bounds, "label": int(label), "support": len(x), "fidelity": share}]
    feature, threshold = _best_split(x, classes)
    low, high = bounds.get(feature, (-math.inf, math.inf))
    left = x[:, feature] <= threshold
    return [
        *_grow(x[left], classes[left], depth - 1, bounds | {feature: (low, threshold)}),
        *_grow(x[~left], classes[~left], depth - 1, bounds | {feature: (threshold, high)}),
    ]


def _best_split(x: Tensor, classes: Tensor) -> tuple[int, float]:
    """Feature and threshold of the split that leaves the purest sides."""
    values, order = x.sort(0)
    # Class counts on both sides of every place: (places, features, classes).
    left = classes[order[:-1]].cumsum(0)
    right = classes.sum(0) - left
    # Least impurity means most purity, the sum of squared counts over the number of rows.
    purity = left.square().sum(2) / left.sum(2) + right.square().sum(2) / right.sum(2)
    purity[values[1:] == values[:-1]] = -math.inf  # no threshold lies between equal values
    place, feature = divmod(int(purity.argmax()), x.shape[1])
    below, above = values[place : place + 2, feature].tolist()
    midway = (below + above) / 2
    return feature, midway if midway < above else below


def fidelity(predict: Predict, rules: Sequence[dict[str, Any]], x: Tensor) -> float:
    """Share of examples for which rules say what the model says.

    Parameters
    ----------
    predict : callable
        As for `surrogate_rules`.
    rules : sequence of dict
        As `surrogate_rules` returns them; of several that hold for a row the first counts.
        Only `bounds` and `label` are read.
    x : Tensor of shape (rows, features)
        Examples, which need not be those that the rules were made from; at least one.

    Returns
    -------
    float
        From 0 to 1. A row for which no rule holds is not one on which they agree.

    Raises
    ------
    ValueError
        If `x` has no rows; the message holds its name and its shape.
    """
    _require_rows(x=x)
    predicted = _ask(predict, x)
    labels = torch.full_like(predicted, -1)
    for rule in reversed(rules):
        labels[_holds(rule["bounds"], x)] = rule["label"]
    return (labels == predicted).double().mean().item()


def _holds(bounds: dict[int, tuple[float, float]], x: Tensor) -> Tensor:
    holds = x.new_ones(len(x)).bool()
    for feature, (low, high) in bounds.items():
        column = x[:, feature].double()  # or a bound would be rounded to float32
        holds &= (column > low) & (column <= high)
    return holds


def deletion_curve(predict: Predict, x: Tensor, attributions: Tensor, baseline: Tensor) -> Tensor:
    """Predictions while features go, the most important first.

    Parameters
    ----------
    predict : callable
        As for `coalition_values`.
    x : Tensor of shape (features,)
        The example that was explained.
    attributions : Tensor of shape (features,)
        Its explanation, finite. Large means important; negative features go last.
    baseline : Tensor of shape (features,)
        What a feature that has gone is replaced by.

    Returns
    -------
    Tensor of shape (features + 1,)
        Entry `k` is the prediction for `x` with the `k` features of largest attribution
        replaced by their baseline; of equal ones the lower index goes first. In the dtype and
        on the device of the predictions.

    Raises
    ------
    ValueError
        If `attributions` or `baseline` does not have the shape of `x`; the message holds the
        argument's name and its shape.

    References
    ----------
    Samek et al. 2017, "Evaluating the Visualization of What a Deep Neural Network Has
    Learned"; Petsiuk et al. 2018, "RISE".
    """
    _require_shape(tuple(x.shape), attributions=attributions)
    _require_shape(tuple(x.shape), baseline=baseline)
    ranks = attributions.argsort(descending=True, stable=True).argsort()
    gone = ranks < ranks.new_tensor(range(len(x) + 1))[:, None]  # (counts, features)
    return _ask(predict, torch.where(gone, baseline, x))


# -- shared -----------------------------------------------------------------------------------


def _ask(predict: Predict, rows: Tensor) -> Tensor:
    """Predictions without the graph that a gradient would need."""
    with torch.no_grad():
        return predict(rows)


def _check_columns(features: int, **arguments: Tensor) -> None:
    for name, tensor in arguments.items():
        shape = tuple(tensor.shape)
        _require(len(shape) == 2 and shape[1] == features, f"(rows, {features})", **{name: shape})


def _require_rows(**argument: Tensor) -> None:
    ((name, tensor),) = argument.items()
    _require(len(tensor) > 0, "one row or more", **{name: tuple(tensor.shape)})


def _require_shape(expected: tuple[int, ...], **argument: Tensor) -> None:
    ((name, tensor),) = argument.items()
    _require(tensor.shape == expected, f"the shape {expected}", **{name: tuple(tensor.shape)})


def _require_at_least(low: float, **argument: float) -> None:
    ((name, value),) = argument.items()
    _require(value >= low, f"{low} or more", **{name: value})


def _require_above(low: float, **argument: float) -> None:
    ((name, value),) = argument.items()
    _require(value > low, f"above {low}", **{name: value})


def _require(fits: bool, expected: str, **argument: object) -> None:
    if not fits:
        ((name, value),) = argument.items()
        raise ValueError(f"{name} is {value}; expected {expected}")
