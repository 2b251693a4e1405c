"""Transfer learning: load what fits, freeze it, read its features, train what is left.

Models come in as `nn.Module` and are changed in place where the docstring says so; all that
is returned are tensors, numbers and names. Whatever is skipped, dropped or left alone is
either reported or refused: in this subject a silent failure looks like a weak result.

Sources: Donahue et al. 2014 (frozen features and a linear classifier), Howard and Ruder 2018
(rates by layer, gradual unfreezing), Li et al. 2018 (L2-SP), Hu et al. 2022 (LoRA), Lee 2013
(pseudo-labels), Liu and Nocedal 1989 (L-BFGS).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

# -- Part 1: Loading what fits ----------------------------------------------------------------


def load_matching(
    model: nn.Module, checkpoint: Mapping[str, Tensor], rename: Mapping[str, str] | None = None
) -> dict[str, list[str]]:
    """Copy into a model whatever a checkpoint has for it, and report all the rest.

    Parameters
    ----------
    model : nn.Module
        Changed in place: its parameters and buffers keep their dtypes, devices and identities.
    checkpoint : mapping of str to Tensor
        A state dict, of this model or another. Not changed.
    rename : mapping of str to str, optional
        Beginnings of names in the checkpoint, and what stands there in the model instead. Of
        several beginnings that a name has, the longest is replaced, once.

    Returns
    -------
    dict of str to list of str
        `loaded`, `missing` (the checkpoint has no such name) and `mismatched` (it has one, of
        another shape) hold names of the model's state dict, in its order, each name once;
        `unexpected` holds names of the checkpoint, as they are there and in its order, for
        which the model has no place.

    Raises
    ------
    ValueError
        If two names become one (the message holds `rename` and that name), or if nothing could
        be loaded (`checkpoint` and the list of its first three names). The model is unchanged.
    """
    beginnings = {"": "", **(rename or {})}
    origins: dict[str, str] = {}  # what a name of the model is called in the checkpoint
    for name in checkpoint:
        begin = max(filter(name.startswith, beginnings))  # the longest sorts last
        renamed = beginnings[begin] + name.removeprefix(begin)
        _require(renamed not in origins, f"one name for {name} alone", rename=renamed)
        origins[renamed] = name
    state = model.state_dict()
    fits = {
        name: tensor.shape == checkpoint[origins[name]].shape
        for name, tensor in state.items()
        if name in origins
    }
    loaded = [name for name, same in fits.items() if same]
    first = list(checkpoint)[:3]
    _require(bool(loaded), f"some of {len(state)} names, with their shapes", checkpoint=first)
    for name in loaded:
        state[name].copy_(checkpoint[origins[name]])  # the state dict shares the model's memory
    return {
        "loaded": loaded,
        "missing": [name for name in state if name not in origins],
        "mismatched": [name for name, same in fits.items() if not same],
        "unexpected": [name for renamed, name in origins.items() if renamed not in state],
    }


# -- Part 2: Freezing that holds --------------------------------------------------------------


def freeze(model: nn.Module, modules: Iterable[str]) -> list[str]:
    """Freeze some modules of a model, with all that is in them, and train all others.

    Parameters
    ----------
    model : nn.Module
        Changed in place.
    modules : iterable of str
        Names as `model.named_modules()` gives them; `""` is the whole model.

    Returns
    -------
    list of str
        Names of the frozen parameters, in the order of `model.named_parameters()`.

    Raises
    ------
    ValueError
        If a name is none of the model's modules; the message holds `modules` and that name. The
        model is unchanged.

    Notes
    -----
    Until the next call a frozen parameter requires no gradient and has none, and a frozen module
    computes as in evaluation, whatever mode is set. A parameter that is in no frozen module
    requires a gradient afterwards, and a module that is thawed follows the next `train()` again.
    """
    parts = dict(model.named_modules())
    chosen = list(modules)
    for name in chosen:
        _require(name in parts, f"a module's name, such as {next(reversed(parts))}", modules=name)
    model.requires_grad_()
    for part in parts.values():
        part.__dict__.pop("train", None)
    for name in chosen:
        parts[name].requires_grad_(False)
        parts[name].zero_grad()  # an optimiser would go on with a gradient that was left behind
        for part in parts[name].modules():
            part.__dict__["train"] = partial(_stay_in_evaluation, part)
            part.train()
    return [name for name, p in model.named_parameters() if not p.requires_grad]


def _stay_in_evaluation(module: nn.Module, mode: bool = True) -> nn.Module:  # noqa: ARG001
    """Stands in for a frozen module's `train`, which `model.train()` calls."""
    return type(module).train(module, False)


# -- Part 3: Feature extraction ---------------------------------------------------------------


def extract_features(model: nn.Module, x: Tensor, batch_size: int = 256) -> Tensor:
    """What a model computes in evaluation, batch by batch, without a graph.

    Parameters
    ----------
    model : nn.Module
        Maps (batch, ...) to (batch, ...), row by row. Afterwards it is as it was, each of its
        modules in its own mode, even if the model raised an error.
    x : Tensor of shape (n, ...)
        Inputs; there may be none.
    batch_size : int, default 256
        Most rows that the model sees at once, at least 1.

    Returns
    -------
    Tensor of shape (n, ...)
        The outputs, in the order of the rows: a new tensor that requires no gradient and may
        take part in a later graph.

    Raises
    ------
    ValueError
        If `batch_size` is below 1; the message holds its name and its value.
    """
    _within(1, math.inf, batch_size=batch_size)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            return torch.cat([model(batch) for batch in x.split(batch_size)])
    finally:
        for module, mode in modes:
            module.training = mode


# -- Part 4: Linear probe ---------------------------------------------------------------------


def linear_probe(
    features: Tensor, targets: Tensor, l2: float, tolerance: float = 1e-6
) -> tuple[Tensor, Tensor]:
    """Fit a linear classifier: the one minimum of a convex function.

    Parameters
    ----------
    features : Tensor of shape (n, width)
        Of any floating dtype, at least one row; of the order of 1.
    targets : Tensor of shape (n,)
        Classes, int64. There are `targets.max() + 1` classes, and each occurs.
    l2 : float
        Strength of the penalty, above 0.
    tolerance : float, default 1e-6
        Largest magnitude that an entry of the gradient may have at the result, above 0.

    Returns
    -------
    weight : Tensor of shape (classes, width)
    bias : Tensor of shape (classes,)
        In the dtype and on the device of `features`, without a graph. Logits are
        `features @ weight.T + bias`.

    Raises
    ------
    ValueError
        If `l2` or `tolerance` is not above 0 (the message holds its name and its value), or
        if a class does not occur (`targets` and the lowest such class).

    Notes
    -----
    The function is the mean cross-entropy plus `l2 / 2` times the sum of the squared weights.
    The bias is not penalised.

    References
    ----------
    Liu and Nocedal 1989, "On the limited memory BFGS method for large scale optimization";
    Bohning 1992, "Multinomial logistic regression algorithm".
    """
    _above(0, l2=l2)
    _above(0, tolerance=tolerance)
    counts = targets.bincount()
    absent = (counts == 0).nonzero().flatten().tolist()
    _require(not absent, f"each of {len(counts)} classes", targets=min(absent, default=None))
    # In float64, for differences of losses lose half of all digits; a bias is a weight of ones.
    rows = functional.pad(features.detach().double(), (0, 1), value=1)
    known = functional.one_hot(targets).T.contiguous().double()
    theta = _minimise(
        partial(_penalised_loss, rows=rows, known=known, l2=l2),
        rows.new_zeros(len(counts), rows.shape[1]),
        tolerance,
        _curvature(rows, l2),
    )
    weight, bias = theta.to(features.dtype).split([rows.shape[1] - 1, 1], dim=1)
    return weight.contiguous(), bias.flatten()


def _penalised_loss(theta: Tensor, rows: Tensor, known: Tensor, l2: float) -> tuple[float, Tensor]:
    """Value and gradient at `theta` of shape (classes, width + 1), the last column the bias."""
    # (classes, n): a softmax over few classes is several times as fast down as across.
    log_p = (theta @ rows.T).log_softmax(0)
    penalised = theta.clone()
    penalised[:, -1] = 0
    value = l2 / 2 * penalised.square().sum() - (log_p * known).sum() / len(rows)
    residual = log_p.exp_().sub_(known)
    return value.item(), (residual @ rows).div_(len(rows)).add_(penalised, alpha=l2)


def _curvature(rows: Tensor, l2: float) -> Tensor:
    """Cholesky factor of second moments: up to a factor they bound the Hessian of a class."""
    moments = rows.T @ rows / len(rows)
    moments.diagonal().add_(l2)
    return torch.linalg.cholesky(moments)


Pair = tuple[Tensor, Tensor, float]  # a step, how the gradient changed, 1 / their product


def _minimise(
    objective: Callable[[Tensor], tuple[float, Tensor]],
    point: Tensor,
    tolerance: float,
    curvature: Tensor,
) -> Tensor:
    """L-BFGS, whose first guess of the Hessian is the `curvature` of every class."""
    value, gradient = objective(point)
    pairs: deque[Pair] = deque(maxlen=10)
    while gradient.abs().max() > tolerance:
        step = -_newton_like(gradient, pairs, curvature)
        new_value, new_gradient = objective(point + step)
        while new_value > value * (1 + 1e-15):  # near the minimum no fall can be seen
            step = step / 2
            new_value, new_gradient = objective(point + step)
        change = new_gradient - gradient
        curve = _dot(step, change)
        if curve <= 0:  # of a convex function only rounding is left
            break
        pairs.append((step, change, 1 / curve))
        point, value, gradient = point + step, new_value, new_gradient
    return point


def _newton_like(gradient: Tensor, pairs: Sequence[Pair], curvature: Tensor) -> Tensor:
    """The gradient times an inverse Hessian that past steps correct: the two-loop recursion."""
    result, shares = gradient.clone(), []
    for step, change, scale in reversed(pairs):
        shares.append(scale * _dot(step, result))
        result.sub_(change, alpha=shares[-1])
    result = torch.cholesky_solve(result.T, curvature).T
    if pairs:  # the last step shows how much of this curvature there is
        _, change, scale = pairs[-1]
        result /= scale * _dot(change, torch.cholesky_solve(change.T, curvature).T)
    for step, change, scale in pairs:
        result.add_(step, alpha=shares.pop() - scale * _dot(change, result))
    return result


def _dot(a: Tensor, b: Tensor) -> float:
    return torch.dot(a.flatten(), b.flatten()).item()


# -- Part 5: Layer-wise rates -----------------------------------------------------------------


def layer_groups(
    model: nn.Module, lr: float, decay: float, weight_decay: float
) -> list[dict[str, list[str] | list[nn.Parameter] | float]]:
    """Parameter groups for an optimiser: the nearer to the input, the smaller the rate.

    Parameters
    ----------
    model : nn.Module
        Its layers are those of its children that have parameters, in the order of
        `model.named_children()`, from the input to the head.
    lr : float
        Rate of the last layer, the head, at least 0.
    decay : float
        Factor from a layer to the one before it, above 0 and at most 1.
    weight_decay : float
        Of parameters with two dimensions or more, at least 0; all others (biases, factors of
        norms) have 0.

    Returns
    -------
    list of dict
        From the input to the head, in each layer first the parameters that decay, then those
        that do not; a group without parameters is left out. `names` as in
        `model.named_parameters()` and in its order, `params` the parameters themselves, `lr` and
        `weight_decay` floats. Parameters that require no gradient are in no group.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    Layer `l` of `L`, counted from 0, has the rate `lr * decay**(L - 1 - l)`. A parameter of the
    model itself, in no child, belongs to layer 0; one that occurs several times belongs where
    `model.named_parameters()` shows it.

    References
    ----------
    Howard and Ruder 2018, section 3.2; Clark et al. 2020, "ELECTRA", appendix.
    """
    _within(0, math.inf, lr=lr)
    _above(0, decay=decay)
    _within(0, 1, decay=decay)
    _within(0, math.inf, weight_decay=weight_decay)
    layers = [name for name, child in model.named_children() if list(child.parameters())]
    depth = {name: layer for layer, name in enumerate(layers)}
    last = max(len(layers) - 1, 0)
    found: dict[tuple[int, bool], dict[str, nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            place = depth.get(name.partition(".")[0], 0), parameter.ndim < 2
            found.setdefault(place, {})[name] = parameter
    return [
        {
            "names": list(named),
            "params": list(named.values()),
            "lr": lr * decay ** (last - layer),
            "weight_decay": 0.0 if spared else float(weight_decay),
        }
        for (layer, spared), named in sorted(found.items())
    ]


# -- Part 6: Staying near the start -----------------------------------------------------------


def unfreeze_schedule(layers: int, epochs: int, every: int = 1) -> Tensor:
    """Which layers are trained in which epoch, when they are unfrozen from the head down.

    Parameters
    ----------
    layers : int
        Number of layers, at least 1; layer `layers - 1` is the head.
    epochs : int
        Number of epochs, at least 1.
    every : int, default 1
        Epochs from one unfreezing to the next, at least 1.

    Returns
    -------
    Tensor of shape (epochs, layers)
        Bool, on the CPU, True where a layer is trained. Epoch 0 trains the head alone; after
        every `every` epochs one layer more joins, until all are trained.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    References
    ----------
    Howard and Ruder 2018, "Universal Language Model Fine-tuning for Text Classification".
    """
    _within(1, math.inf, layers=layers)
    _within(1, math.inf, epochs=epochs)
    _within(1, math.inf, every=every)
    joined = torch.arange(epochs) // every
    return torch.arange(layers) >= layers - 1 - joined[:, None]


def l2_sp(
    weights: Mapping[str, Tensor], start: Mapping[str, Tensor], alpha: float, beta: float
) -> Tensor:
    """Penalty that pulls weights back to where they started, and new weights to 0.

    Parameters
    ----------
    weights : mapping of str to Tensor
        The weights in training; gradients flow to them.
    start : mapping of str to Tensor
        The weights before training, of the same dtype and device. No gradient flows to them.
    alpha : float
        Strength for weights that `start` has under the same name and of the same shape.
    beta : float
        Strength for all others: those of a new head.

    Returns
    -------
    Tensor of shape ()
        `alpha / 2` times the sum of the squared distances from `start`, plus `beta / 2` times the
        sum of the squares of the new weights.

    Raises
    ------
    ValueError
        If `alpha` or `beta` is below 0 (the message holds its name and its value), or if `start`
        has no weight under the same name and of the same shape (`start` and the list of its
        first three names).

    References
    ----------
    Li et al. 2018, "Explicit Inductive Bias for Transfer Learning with Convolutional Networks".
    """
    _within(0, math.inf, alpha=alpha)
    _within(0, math.inf, beta=beta)
    old = [name for name, w in weights.items() if name in start and start[name].shape == w.shape]
    _require(bool(old), f"some of {len(weights)} names, with their shapes", start=list(start)[:3])
    distance = sum((weights[name] - start[name].detach()).square().sum() for name in old)
    size = sum(w.square().sum() for name, w in weights.items() if name not in old)
    return torch.as_tensor(alpha / 2 * distance + beta / 2 * size)


# -- Part 7: Low-rank adaptation --------------------------------------------------------------


def lora_init(weight: Tensor, rank: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Factors of a low-rank update that is 0 at the start, and can learn.

    Parameters
    ----------
    weight : Tensor of shape (outputs, inputs)
        The weight to adapt.
    rank : int
        From 1 to the smaller of `outputs` and `inputs`.
    generator : torch.Generator
        On the weight's device; the only source of chance.

    Returns
    -------
    a : Tensor of shape (rank, inputs)
        Normal, of mean 0 and standard deviation `inputs**-0.5`.
    b : Tensor of shape (outputs, rank)
        Zeros. Both in the dtype and on the device of the weight.

    Raises
    ------
    ValueError
        If `rank` is outside its range; the message holds its name and its value.
    """
    outputs, inputs = weight.shape
    _within(1, min(outputs, inputs), rank=rank)
    a = torch.empty(rank, inputs, dtype=weight.dtype, device=weight.device)
    return a.normal_(0, inputs**-0.5, generator=generator), weight.new_zeros(outputs, rank)


def lora_forward(
    x: Tensor, weight: Tensor, a: Tensor, b: Tensor, alpha: float, bias: Tensor | None = None
) -> Tensor:
    """Apply a frozen linear layer with a low-rank update that learns.

    Parameters
    ----------
    x : Tensor of shape (..., inputs)
        Inputs.
    weight : Tensor of shape (outputs, inputs)
        The layer's weight. No gradient flows to it.
    a : Tensor of shape (rank, inputs)
    b : Tensor of shape (outputs, rank)
        The factors of the update.
    alpha : float
        The update is scaled by `alpha / rank`.
    bias : Tensor of shape (outputs,), optional
        The layer's bias. No gradient flows to it.

    Returns
    -------
    Tensor of shape (..., outputs)
        `x @ (weight + alpha / rank * b @ a).T + bias`, without ever making a matrix of the size
        of the weight. Gradients flow to `x`, `a` and `b`.

    References
    ----------
    Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models".
    """
    base = functional.linear(x, weight.detach(), None if bias is None else bias.detach())
    return base + functional.linear(alpha / len(a) * functional.linear(x, a), b)


def lora_merge(weight: Tensor, a: Tensor, b: Tensor, alpha: float) -> Tensor:
    """One weight that computes what the layer and its update compute together.

    Parameters
    ----------
    weight : Tensor of shape (outputs, inputs)
    a : Tensor of shape (rank, inputs)
    b : Tensor of shape (outputs, rank)
    alpha : float
        As for `lora_forward`.

    Returns
    -------
    Tensor of shape (outputs, inputs)
        `weight + alpha / rank * b @ a`, a new tensor.
    """
    return torch.addmm(weight, b, a, alpha=alpha / len(a))


# -- Part 8: Self-training --------------------------------------------------------------------


def pseudo_label(
    probabilities: Tensor, threshold: float, per_class: int | None = None
) -> tuple[Tensor, Tensor]:
    """Rows on which a classifier is sure enough, and the classes that it gives them.

    Parameters
    ----------
    probabilities : Tensor of shape (n, classes)
        Each row sums to 1; there may be no rows.
    threshold : float
        Least probability of the predicted class, from 0 to 1.
    per_class : int, optional
        Most rows to take of each predicted class, the surest first, of equals the earlier; at
        least 1. All if not given.

    Returns
    -------
    rows : Tensor of shape (taken,)
        Indices of the rows, rising, int64.
    labels : Tensor of shape (taken,)
        Their most probable classes, of equals the lowest, int64.

    Raises
    ------
    ValueError
        If `threshold` or `per_class` is outside its range (the message holds its name and its
        value), or a row of `probabilities` has a negative entry, a NaN, or a sum that is off by
        more than 0.001 (`probabilities` and the index of the first such row).

    References
    ----------
    Lee 2013, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method".
    """
    _within(0, 1, threshold=threshold)
    _within(1, math.inf, per_class=math.inf if per_class is None else per_class)
    sound = (probabilities >= 0).all(1) & ((probabilities.sum(1) - 1).abs() <= 1e-3)
    unsound = (~sound).nonzero().flatten().tolist()
    classes = f"distributions over {probabilities.shape[1]} classes"
    _require(not unsound, classes, probabilities=min(unsound, default=None))
    confidence, labels = probabilities.max(1)
    rows = (confidence >= threshold).nonzero().flatten()
    if per_class is not None:
        guesses = functional.one_hot(labels[rows], probabilities.shape[1])
        rows = rows[_first_of_each(confidence[rows], guesses, per_class)]
    return rows, labels[rows]


def _first_of_each(confidence: Tensor, guesses: Tensor, count: int) -> Tensor:
    """Places of the `count` largest of each class, rising; of equals the earlier."""
    order = confidence.argsort(descending=True, stable=True)
    ranked = guesses[order]  # one-hot
    place = (ranked.cumsum(0) * ranked).sum(1)
    return order[place <= count].sort().values


def self_train(
    features: Tensor,
    targets: Tensor,
    unlabelled: Tensor,
    l2: float,
    threshold: float,
    rounds: int = 10,
    per_class: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Train a linear probe on its own sure predictions.

    Parameters
    ----------
    features : Tensor of shape (n, width)
    targets : Tensor of shape (n,)
        Rows with known classes, as for `linear_probe`.
    unlabelled : Tensor of shape (m, width)
        Rows without; there may be none.
    l2 : float
        As for `linear_probe`.
    threshold : float
    per_class : int, optional
        As for `pseudo_label`.
    rounds : int, default 10
        How often pseudo-labels are chosen, at least 0.

    Returns
    -------
    weight, bias : Tensor
        The probe after the last round, as from `linear_probe`.
    rows, labels : Tensor of shape (taken,)
        The pseudo-labels that it was fitted to, as from `pseudo_label`; none if `rounds` is 0.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    At first the probe is fitted to the known rows. In each round the probe gives a softmax
    distribution to *every* unlabelled row; pseudo-labels are chosen from these, those of
    earlier rounds are forgotten, and a probe is fitted to the known rows and the chosen ones
    together, all of equal weight.

    References
    ----------
    Yarowsky 1995, "Unsupervised Word Sense Disambiguation Rivaling Supervised Methods".
    """
    _within(0, math.inf, rounds=rounds)
    weight, bias = linear_probe(features, targets, l2)
    rows = labels = targets.new_empty(0)
    for _ in range(rounds):
        probabilities = functional.linear(unlabelled, weight, bias).softmax(1)
        chosen = pseudo_label(probabilities, threshold, per_class)
        if torch.equal(torch.stack(chosen), torch.stack((rows, labels))):
            break  # all later rounds would be the same
        rows, labels = chosen
        known_and_guessed = torch.cat([features, unlabelled[rows]]), torch.cat([targets, labels])
        weight, bias = linear_probe(*known_and_guessed, l2)
    return weight, bias, rows, labels


# -- shared -----------------------------------------------------------------------------------


def _within(low: float, high: float, **argument: float) -> None:
    ((name, value),) = argument.items()
    _require(low <= value <= high, f"from {low} to {high}", **{name: value})


def _above(low: float, **argument: float) -> None:
    ((name, value),) = argument.items()
    _require(value > low, f"above {low}", **{name: value})


def _require(fits: bool, expected: str, **argument: object) -> None:
    if not fits:
        ((name, value),) = argument.items()
        raise ValueError(f"{name} is {value}; expected {expected}")
