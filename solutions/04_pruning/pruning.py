"""Pruning: choose weights to remove, remove them, train what is left, and store it small.

A mask is a bool tensor shaped like its weight, True where the weight is kept. Masks make
zeros; only smaller tensors, a fixed pattern or a compressed format turn zeros into bytes
and time saved, so all three are here. Every choice is exact, ties included, so that two
runs prune the same weights.

Sources: Han et al. 2015 (magnitude pruning, fine-tuning), Zhu and Gupta 2017 (global
sparsity that grows along a cubic), Mishra et al. 2021 (2:4), Li et al. 2017 (filters),
Liu et al. 2017 (what follows from removing a channel before batch norm), Saad 2003 (CSR).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional

# -- Part 1: Magnitude masks ------------------------------------------------------------------


def magnitude_mask(weight: Tensor, amount: float) -> Tensor:
    """Mask that removes the share `amount` of a weight, the smallest magnitudes first.

    Parameters
    ----------
    weight : Tensor of any shape
        Floating point, without NaN. `n` is its number of entries.
    amount : float
        Share to remove, from 0 to 1. Exactly `round(amount * n)` entries go, by Python's
        `round` (a half goes to the even number).

    Returns
    -------
    Tensor of the shape of `weight`
        The mask, bool, on the weight's device. Of equal magnitudes those of lower index, in
        row-major order, are kept.

    Raises
    ------
    ValueError
        If `amount` is outside its range; the message holds its name and its value.

    References
    ----------
    Han et al. 2015, "Learning both Weights and Connections for Efficient Neural Networks".

    Examples
    --------
    >>> magnitude_mask(torch.tensor([3.0, -1.0, 1.0, -4.0]), 0.25)
    tensor([ True,  True, False,  True])
    """
    zeros = _share_of(weight.numel(), amount)
    return _without_smallest(weight.abs().flatten(), zeros).reshape(weight.shape)


# -- Part 2: Global masks ---------------------------------------------------------------------


def global_masks(weights: Sequence[Tensor], amount: float) -> list[Tensor]:
    """Masks that remove the share `amount` of all weights together, by one threshold.

    Parameters
    ----------
    weights : sequence of Tensor
        At least one, of any shapes, of one dtype and device, without NaN. `n` is the number
        of their entries in all.
    amount : float
        Share to remove, from 0 to 1. Exactly `round(amount * n)` entries go, wherever they are.

    Returns
    -------
    list of Tensor
        One mask for each weight, of its shape, bool, on its device. Of equal magnitudes those
        in earlier tensors are kept, and within a tensor those of lower index.

    Raises
    ------
    ValueError
        If `weights` is empty or `amount` is outside its range; the message holds the
        argument's name and its value.

    References
    ----------
    Zhu and Gupta 2017, "To prune, or not to prune"; Blalock et al. 2020, "What is the State
    of Neural Network Pruning?", section 2.3 (global and local).
    """
    _require(len(weights) > 0, "at least one tensor", weights=weights)
    magnitudes = torch.cat([weight.flatten() for weight in weights]).abs_()
    keep = _without_smallest(magnitudes, _share_of(magnitudes.numel(), amount))
    pieces = keep.split([weight.numel() for weight in weights])
    return list(map(Tensor.view_as, pieces, weights))


# -- Part 3: Sparsity and masked weights ------------------------------------------------------


def sparsity(weights: Sequence[Tensor]) -> float:
    """Share of exact zeros among the entries of all weights together.

    Parameters
    ----------
    weights : sequence of Tensor
        Of any shapes.

    Returns
    -------
    float
        From 0 to 1; 0 if there is no entry at all.
    """
    entries = sum(weight.numel() for weight in weights)
    kept = sum(int(weight.count_nonzero()) for weight in weights)
    return (entries - kept) / entries if entries else 0.0


def apply_masks(weights: Sequence[Tensor], masks: Sequence[Tensor]) -> list[Tensor]:
    """Weights with zeros where their masks are False.

    Parameters
    ----------
    weights : sequence of Tensor
        Of any shapes; infinities and NaN may stand where a mask is False.
    masks : sequence of Tensor
        One for each weight, of its shape and device, bool.

    Returns
    -------
    list of Tensor
        New tensors of the weights' shapes, dtypes and devices: the weight's own value where
        the mask is True, 0 elsewhere.

    Raises
    ------
    ValueError
        If there are more or fewer masks than weights (the message holds `masks` and their
        number), if a mask has another shape than its weight (`masks` and that shape) or
        another dtype than bool (`masks` and that dtype).
    """
    count = len(weights)
    _require(len(masks) == count, f"one for each of {count} weights", masks=len(masks))
    masked = []
    for weight, mask in zip(weights, masks, strict=True):
        shape = tuple(weight.shape)
        _require(tuple(mask.shape) == shape, f"shape {shape}", masks=tuple(mask.shape))
        _require(mask.dtype == torch.bool, f"{torch.bool}", masks=mask.dtype)
        masked.append(torch.where(mask, weight, 0))  # not a product: 0 times infinity is NaN
    return masked


# -- Part 4: N of M ---------------------------------------------------------------------------


def n_of_m_mask(weight: Tensor, n: int = 2, m: int = 4) -> Tensor:
    """Mask that keeps `n` of every `m` consecutive weights of an output.

    Parameters
    ----------
    weight : Tensor of shape (..., inputs)
        Floating point, without NaN, one dimension or more; the last is that of the inputs.
    n : int, default 2
        Entries to keep of each group, from 1 to `m`.
    m : int, default 4
        Size of a group, at least 1; divides `inputs`.

    Returns
    -------
    Tensor of the shape of `weight`
        The mask, bool, on the weight's device. The groups are the entries 0 to `m - 1`, `m` to
        `2 * m - 1`, ... along the last dimension. The largest magnitudes of a group are kept; of
        equal ones those of lower index.

    Raises
    ------
    ValueError
        If `m` or `n` is outside its range (the message holds its name and its value) or
        the last dimension is no multiple of `m` (`weight` and its shape).

    References
    ----------
    Mishra et al. 2021, "Accelerating Sparse Deep Neural Networks".

    Examples
    --------
    >>> n_of_m_mask(torch.tensor([[1.0, -5.0, 2.0, 0.0], [3.0, 3.0, 3.0, 3.0]]))
    tensor([[False,  True,  True, False],
            [ True,  True, False, False]])
    """
    _between(1, math.inf, m=m)
    _between(1, m, n=n)
    shape = tuple(weight.shape)
    _require(shape[-1] % m == 0, f"a last dimension that {m} divides", weight=shape)
    groups = weight.abs().unflatten(-1, (shape[-1] // m, m))  # (..., inputs / m, m)
    # Every pair meets once. A few passes over memory, where sorting groups takes many.
    beaten = torch.zeros_like(groups, dtype=torch.int16)
    for low, high in combinations(range(m), 2):
        high_wins = groups[..., high] > groups[..., low]
        beaten[..., low] += high_wins
        beaten[..., high] += ~high_wins
    return (beaten < n).reshape(shape)


# -- Part 5: Smaller layers -------------------------------------------------------------------


def prune_neurons(
    layers: Sequence[tuple[Tensor, Tensor]], amount: float
) -> list[tuple[Tensor, Tensor]]:
    """Remove hidden units from a multilayer perceptron, so that its tensors become smaller.

    Parameters
    ----------
    layers : sequence of (weight, bias)
        At least one. Weights have the shape (units, inputs), biases (units,); each layer's
        inputs are the units of the layer before. An elementwise activation follows each
        layer but the last.
    amount : float
        Share to remove of each hidden layer, from 0 to 1. Of `u` units
        `min(round(amount * u), u - 1)` go: one always stays.

    Returns
    -------
    list of (weight, bias)
        New tensors, the dtypes and devices unchanged. The units of smallest row norm are
        gone, with their biases and the columns of the next layer that read them; of equal
        norms the lower index stays. The order of the others, the inputs and the outputs of
        the network are as before.

    Raises
    ------
    ValueError
        If `amount` is outside its range; the message holds its name and its value.

    Notes
    -----
    The norm of a unit is the Euclidean norm of its row of the weight as it was given,
    without the bias.
    """
    _between(0, 1, amount=amount)
    *hidden, (last, last_bias) = layers
    columns: Tensor | slice = slice(None)  # every input of the network stays
    smaller = []
    for weight, bias in hidden:
        keep = _survivors(weight, amount)
        smaller.append((weight[keep][:, columns], bias[keep]))
        columns = keep
    return [*smaller, (last[:, columns].clone(), last_bias.clone())]


def prune_channels(block: dict[str, Tensor], amount: float) -> dict[str, Tensor]:
    """Remove channels between two convolutions, with all that belongs to them.

    Parameters
    ----------
    block : dict of str to Tensor
        State of a block that applies `conv1`, `bn`, an elementwise activation and `conv2`:
        `conv1.weight` of shape (channels, inputs, height, width), `bn.weight`, `bn.bias`,
        `bn.running_mean` and `bn.running_var` of shape (channels,), `bn.num_batches_tracked`
        of shape (), `conv2.weight` of shape (outputs, channels, height, width) and
        `conv2.bias` of shape (outputs,). There may be a `conv1.bias` of shape (channels,), and
        `conv2.bias` may be missing.
    amount : float
        Share of the channels to remove, from 0 to 1. Of `u` channels
        `min(round(amount * u), u - 1)` go: one always stays.

    Returns
    -------
    dict of str to Tensor
        New tensors under the same keys, the dtypes and devices unchanged. The channels whose
        filters in `conv1.weight` have the smallest Euclidean norm are gone, of equal ones
        the higher index; the order of the others is as before.

    Raises
    ------
    ValueError
        If `amount` is outside its range; the message holds its name and its value.

    References
    ----------
    Li et al. 2017, "Pruning Filters for Efficient ConvNets" (there with the sum of
    magnitudes).
    """
    keep = _survivors(block["conv1.weight"], amount)
    smaller = {
        name: tensor[keep] if name.startswith(("conv1.", "bn.")) and tensor.ndim else tensor.clone()
        for name, tensor in block.items()
    }
    smaller["conv2.weight"] = block["conv2.weight"][:, keep]
    return smaller


def _survivors(weight: Tensor, amount: float) -> Tensor:
    """Mask of the units that stay: all but the share `amount` of smallest row norm."""
    units = len(weight)
    norms = torch.linalg.vector_norm(weight.flatten(1), dim=1)
    return _without_smallest(norms, min(_share_of(units, amount), units - 1))


# -- Part 6: Cubic schedule -------------------------------------------------------------------


def cubic_schedule(steps: int, initial: float, final: float, begin: int, end: int) -> Tensor:
    """Sparsity that rises steeply at first, while there is much to spare, then ever slower.

    Parameters
    ----------
    steps : int
        Number of steps in the run, at least 1.
    initial : float
        Sparsity up to step `begin`, from 0 to 1.
    final : float
        Sparsity from step `end` on, from `initial` to 1.
    begin : int
        Last step with `initial`, at least 0.
    end : int
        First step with `final`, above `begin`. May lie beyond the run.

    Returns
    -------
    Tensor of shape (steps,)
        Sparsity of the steps 0 to `steps - 1`, float64, on the CPU.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    Between `begin` and `end`, step `t` has
    `final + (initial - final) * (1 - (t - begin) / (end - begin))**3`.

    References
    ----------
    Zhu and Gupta 2017, "To prune, or not to prune: exploring the efficacy of pruning for
    model compression", eq. 1.
    """
    _between(1, math.inf, steps=steps)
    _between(0, 1, initial=initial)
    _between(initial, 1, final=final)
    _between(0, math.inf, begin=begin)
    _between(begin + 1, math.inf, end=end)
    elapsed = torch.arange(steps, dtype=torch.float64) - begin
    remaining = 1 - (elapsed / (end - begin)).clamp(0, 1)
    return final + (initial - final) * remaining**3


# -- Part 7: Prune and fine-tune --------------------------------------------------------------


def prune_and_finetune(
    layers: Sequence[tuple[Tensor, Tensor]],
    inputs: Tensor,
    targets: Tensor,
    batches: Sequence[Tensor],
    amounts: Tensor,
    lr: float,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
) -> tuple[list[tuple[Tensor, Tensor]], list[Tensor]]:
    """Train a multilayer perceptron of ReLU units while its weights are pruned, globally.

    Parameters
    ----------
    layers : sequence of (weight, bias)
        The network at the start: weights of shape (units, inputs), biases (units,), with a
        ReLU after each layer but the last, whose outputs are logits. Biases are not pruned.
    inputs : Tensor of shape (n, features)
        Training examples, of the layers' dtype and device.
    targets : Tensor of shape (n,)
        Their classes, int64.
    batches : sequence of Tensor of shape (batch,)
        For each step, the rows of `inputs` that it uses, int64.
    amounts : Tensor of shape (steps,)
        For each step, the share of all weights that is pruned from that step on: from 0 to
        1, never falling, float64, on the CPU.
    lr : float
        Learning rate.
    momentum : float, default 0.9
        Factor of the momentum buffer.
    weight_decay : float, default 0.0
        Multiple of each parameter that is added to its gradient.

    Returns
    -------
    layers : list of (weight, bias)
        New tensors: the network after the last step, in which whatever has been pruned is 0.
    masks : list of Tensor
        One for each weight, of its shape, bool, True where the weight is kept.

    Raises
    ------
    ValueError
        If there are more or fewer `amounts` than `batches` (the message holds `amounts` and
        their number), or if `amounts` fall or leave 0 to 1 (`amounts` and the first that is too
        low, too high or NaN).

    Notes
    -----
    One step does the following. If its amount is above that of the step before (above 0
    at the first step), new masks are chosen by `global_masks` from the weights as they are, and
    applied. The loss is the mean cross-entropy of the batch. For every parameter `p`, weight
    or bias, with gradient `g` and a buffer `v` that starts at 0:
    `v = momentum * v + g + weight_decay * p`, then `p = p - lr * v`. The masks are applied again.

    References
    ----------
    Zhu and Gupta 2017, section 3.
    """
    _check_amounts(amounts, len(batches))
    layers = [(w.detach().clone(), b.detach().clone()) for w, b in layers]
    weights = [weight for weight, _ in layers]
    parameters = [p.requires_grad_() for layer in layers for p in layer]
    buffers = [torch.zeros_like(p) for p in parameters]
    masks = [torch.ones_like(w, dtype=torch.bool) for w in weights]
    pruned = 0.0
    for step, amount in enumerate(amounts.tolist()):
        if amount > pruned:
            masks, pruned = global_masks([w.detach() for w in weights], amount), amount
            _clear(weights, masks)
        rows = batches[step]
        loss = functional.cross_entropy(_logits(layers, inputs[rows]), targets[rows])
        gradients = torch.autograd.grad(loss, parameters)
        _sgd_step(parameters, gradients, buffers, lr, momentum, weight_decay)
        # Momentum and decay move whatever has a gradient or a past, the pruned included.
        _clear(weights, masks)
    return [(w.detach(), b.detach()) for w, b in layers], masks


def _check_amounts(amounts: Tensor, steps: int) -> None:
    _require(len(amounts) == steps, f"one for each of {steps} batches", amounts=len(amounts))
    before = 0.0
    for amount in amounts.tolist():
        _between(before, 1, amounts=amount)
        before = amount


def _logits(layers: Sequence[tuple[Tensor, Tensor]], inputs: Tensor) -> Tensor:
    for weight, bias in layers[:-1]:
        inputs = torch.relu(functional.linear(inputs, weight, bias))
    return functional.linear(inputs, *layers[-1])


@torch.no_grad()
def _sgd_step(
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    buffers: Sequence[Tensor],
    lr: float,
    momentum: float,
    weight_decay: float,
) -> None:
    for parameter, gradient, buffer in zip(parameters, gradients, buffers, strict=True):
        buffer.mul_(momentum).add_(gradient).add_(parameter, alpha=weight_decay)
        parameter.sub_(buffer, alpha=lr)


@torch.no_grad()
def _clear(weights: Sequence[Tensor], masks: Sequence[Tensor]) -> None:
    for weight, mask in zip(weights, masks, strict=True):
        weight.masked_fill_(~mask, 0)


# -- Part 8: Compressed layers ----------------------------------------------------------------


def to_csr(weight: Tensor) -> dict[str, Tensor]:
    """Compress a weight to what is not zero, row by row.

    Parameters
    ----------
    weight : Tensor of shape (outputs, inputs)
        Of any dtype; fewer than 2**31 of its entries are not 0.

    Returns
    -------
    dict of str to Tensor
        On the weight's device. `values`, of shape (kept,): the entries that are not 0, in
        row-major order, in the weight's dtype. `indices`, of shape (kept,): their columns,
        int32. `indptr`, of shape (outputs + 1,): where each row begins, and the last ends,
        in the two others, int32.

    Raises
    ------
    ValueError
        If `weight` does not have two dimensions; the message holds its name and its shape.

    References
    ----------
    Saad 2003, "Iterative Methods for Sparse Linear Systems", section 3.4.

    Examples
    --------
    >>> csr = to_csr(torch.tensor([[0.0, 5.0, 6.0], [0.0, 0.0, 0.0], [7.0, 0.0, 0.0]]))
    >>> csr["indptr"].tolist(), csr["indices"].tolist(), csr["values"].tolist()
    ([0, 2, 2, 3], [1, 2, 0], [5.0, 6.0, 7.0])
    """
    _require_matrix(weight=weight)
    rows, columns = (weight != 0).nonzero(as_tuple=True)
    ends = torch.bincount(rows, minlength=len(weight)).cumsum(0)
    return {
        "indptr": functional.pad(ends, (1, 0)).int(),
        "indices": columns.int(),
        "values": weight[rows, columns],
    }


def csr_linear(csr: dict[str, Tensor], inputs: Tensor, bias: Tensor | None = None) -> Tensor:
    """Apply a linear layer whose weight is compressed, without decompressing it.

    Parameters
    ----------
    csr : dict of str to Tensor
        The weight, of shape (outputs, inputs), as `to_csr` returns it.
    inputs : Tensor of shape (batch, inputs)
        Of the dtype and device of the weight.
    bias : Tensor of shape (outputs,), optional
        Added to every row of the result.

    Returns
    -------
    Tensor of shape (batch, outputs)
        `inputs @ weight.T + bias`, in the inputs' dtype, on their device.

    Raises
    ------
    ValueError
        If `inputs` does not have two dimensions; the message holds its name and its shape.
    """
    _require_matrix(inputs=inputs)
    # An output is a weighted sum of the input's columns that its row names: a bag of them.
    outputs = functional.embedding_bag(
        csr["indices"],
        inputs.T.contiguous(),
        csr["indptr"],
        mode="sum",
        per_sample_weights=csr["values"],
        include_last_offset=True,
    ).T
    return outputs if bias is None else outputs + bias


def csr_bytes(csr: dict[str, Tensor]) -> int:
    """Memory that a compressed weight takes.

    Parameters
    ----------
    csr : dict of str to Tensor
        A weight as `to_csr` returns it.

    Returns
    -------
    int
        Bytes of its three tensors.
    """
    return sum(tensor.numel() * tensor.element_size() for tensor in csr.values())


# -- shared -----------------------------------------------------------------------------------


def _share_of(count: int, amount: float) -> int:
    _between(0, 1, amount=amount)
    return round(amount * count)


def _without_smallest(magnitudes: Tensor, zeros: int) -> Tensor:
    """Mask of a flat tensor that leaves out its `zeros` smallest entries; ties keep the front."""
    if zeros == 0:
        return torch.ones_like(magnitudes, dtype=torch.bool)
    threshold = magnitudes.kthvalue(zeros).values
    keep = magnitudes > threshold
    # Entries at the threshold share the places that are left.
    places = magnitudes.numel() - zeros - int(keep.count_nonzero())
    keep[(magnitudes == threshold).nonzero().squeeze(1)[:places]] = True
    return keep


def _between(low: float, high: float, **arguments: float) -> None:
    for name, value in arguments.items():
        _require(low <= value <= high, f"from {low} to {high}", **{name: value})


def _require_matrix(**argument: Tensor) -> None:
    ((name, tensor),) = argument.items()
    _require(tensor.ndim == 2, "two dimensions", **{name: tuple(tensor.shape)})


def _require(fits: bool, expected: str, **argument: object) -> None:
    if not fits:
        ((name, value),) = argument.items()
        raise ValueError(f"{name} is {value}; expected {expected}")
