"""Explanation: Shapley values, local models, gradients, attention, rules, and their faithfulness.

The statement is `README.md` beside this file; `nox -s check -- 07` judges your work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

Predict = Callable[[Tensor], Tensor]

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
    raise NotImplementedError("Part 1, Exact Shapley values")


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
    raise NotImplementedError("Part 2, Absent features")


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
    raise NotImplementedError("Part 3, Permutations")


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
    raise NotImplementedError("Part 4, Kernel SHAP")


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
    raise NotImplementedError("Part 4, Kernel SHAP")


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
    raise NotImplementedError("Part 5, LIME")


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
    raise NotImplementedError("Part 6, Integrated gradients")


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
    raise NotImplementedError("Part 7, Attention")


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
    raise NotImplementedError("Part 7, Attention")


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
    raise NotImplementedError("Part 8, Faithfulness")


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
    raise NotImplementedError("Part 8, Faithfulness")


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
    raise NotImplementedError("Part 8, Faithfulness")
