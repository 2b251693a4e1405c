"""Learning-rate schedules as tables, optimiser steps as pure functions, and a planner.

A schedule here is the whole table: one rate for every step of the run, known before
the run starts, so that it can be plotted, stored, compared and resumed at any step.
The optimisers are the formulas alone, without the bookkeeping around them. The planner
asks where schedules come from: it finds one, given a model of what a rate does to the loss.

Sources: Loshchilov and Hutter 2017 (cosine, warm restarts) and 2019 (AdamW), Smith and
Topin 2018 (one-cycle), Vaswani et al. 2017 (inverse square root), Hu et al. 2024
(warm-up, stable, decay), Duchi et al. 2011 (AdaGrad), Zeiler 2012 (Adadelta), Kingma
and Ba 2015 (Adam), Sutton and Barto 2018 (policy iteration, Monte-Carlo values).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

# -- Part 1: Step and exponential decay -------------------------------------------------------


def step_decay(base_lr: float, total_steps: int, step_size: int, gamma: float = 0.1) -> Tensor:
    """Rates that are multiplied by `gamma` every `step_size` steps.

    Parameters
    ----------
    base_lr : float
        Rate of step 0, at least 0.
    total_steps : int
        Number of steps in the run, at least 1.
    step_size : int
        Steps between two drops, at least 1. The first drop is at step `step_size`.
    gamma : float, default 0.1
        Factor of one drop, at least 0.

    Returns
    -------
    Tensor of shape (total_steps,)
        Rates of the steps 0 to `total_steps - 1`, float64, on the CPU.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Examples
    --------
    >>> step_decay(8.0, 6, 2, gamma=0.5).tolist()
    [8.0, 8.0, 4.0, 4.0, 2.0, 2.0]
    """
    _between(0, math.inf, base_lr=base_lr, gamma=gamma)
    _between(1, math.inf, step_size=step_size)
    return base_lr * gamma ** (_steps(total_steps) // step_size)


def exponential_decay(base_lr: float, total_steps: int, gamma: float) -> Tensor:
    """Rates that are multiplied by `gamma` at every step.

    Parameters
    ----------
    base_lr : float
        Rate of step 0, at least 0.
    total_steps : int
        Number of steps in the run, at least 1.
    gamma : float
        Factor of one step, at least 0. Above 1 the rates grow: a learning-rate range test.

    Returns
    -------
    Tensor of shape (total_steps,)
        Rates of the steps 0 to `total_steps - 1`, float64, on the CPU.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.
    """
    _between(0, math.inf, base_lr=base_lr, gamma=gamma)
    return base_lr * gamma ** _steps(total_steps)


# -- Part 2: Cosine annealing -----------------------------------------------------------------


def cosine(
    base_lr: float, total_steps: int, min_lr: float = 0.0, decay_steps: int | None = None
) -> Tensor:
    """Half a cosine from `base_lr` down to `min_lr`, which then holds.

    Parameters
    ----------
    base_lr : float
        Rate of step 0, at least 0.
    total_steps : int
        Number of steps in the run, at least 1.
    min_lr : float, default 0.0
        Rate of step `decay_steps - 1` and of every step after it, from 0 to `base_lr`.
    decay_steps : int, optional
        Number of steps that the fall takes, both ends included, at least 1. `total_steps`
        if not given. If it is larger than that, the run ends before the floor is reached.

    Returns
    -------
    Tensor of shape (total_steps,)
        Rates of the steps 0 to `total_steps - 1`, float64, on the CPU.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    With `u = min(t / (decay_steps - 1), 1)`, the rate of step `t` is
    `min_lr + (base_lr - min_lr) * (1 + cos(pi * u)) / 2`. A fall of one step
    (`decay_steps = 1`) has `base_lr` at step 0 and `min_lr` from step 1 on.

    References
    ----------
    Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", eq. 5.
    """
    _between(0, math.inf, base_lr=base_lr)
    _between(0, base_lr, min_lr=min_lr)
    steps = _steps(total_steps)
    decay_steps = total_steps if decay_steps is None else decay_steps
    _between(1, math.inf, decay_steps=decay_steps)
    return _half_cosine(base_lr, min_lr, (steps / max(decay_steps - 1, 1)).clamp(max=1))


# -- Part 3: Warm-up --------------------------------------------------------------------------


def warmup(rates: Tensor, warmup_steps: int, start_factor: float | None = None) -> Tensor:
    """Put a linear ramp in front of any table of rates.

    Parameters
    ----------
    rates : Tensor of shape (n,)
        The schedule that follows the ramp, float64, on the CPU, `n` at least 1.
    warmup_steps : int
        Length of the ramp, at least 0.
    start_factor : float, optional
        Rate of step 0 as a share of `rates[0]`, from 0 to 1. If not given,
        `1 / (warmup_steps + 1)`: the first rate is as large as each rise after it.

    Returns
    -------
    Tensor of shape (warmup_steps + n,)
        The ramp, then `rates` unchanged, float64, on the CPU.

    Raises
    ------
    ValueError
        If `rates` is not 1-D or is empty (the message holds its name and its shape), or
        another argument is outside its range (its name and its value).

    Notes
    -----
    For `t < warmup_steps` the rate is
    `rates[0] * (start_factor + (1 - start_factor) * t / warmup_steps)`: the line that
    would reach `rates[0]` at step `warmup_steps`, where `rates` begins.

    References
    ----------
    Goyal et al. 2017, "Accurate, Large Minibatch SGD", section 2.2 (gradual warm-up).
    """
    shape = tuple(rates.shape)
    _require(len(shape) == 1 and shape != (0,), "one dimension and an entry", rates=shape)
    _between(0, math.inf, warmup_steps=warmup_steps)
    start = 1 / (warmup_steps + 1) if start_factor is None else start_factor
    _between(0, 1, start_factor=start)
    climbed = torch.arange(warmup_steps, dtype=torch.float64) / warmup_steps
    return torch.cat([rates[0] * (start + (1 - start) * climbed), rates])


def warmup_stable_decay(
    base_lr: float, total_steps: int, warmup_steps: int, decay_steps: int, min_lr: float = 0.0
) -> Tensor:
    """Rates that climb, hold for most of the run, and fall in a straight line at its end.

    Parameters
    ----------
    base_lr : float
        Rate of the stable phase, at least 0.
    total_steps : int
        Number of steps in the run, at least `warmup_steps + decay_steps + 1`: one is stable.
    warmup_steps : int
        Length of the climb, the ramp that `warmup` makes by default, at least 0.
    decay_steps : int
        Length of the fall, at least 0.
    min_lr : float, default 0.0
        Rate of the last step, if there is a fall, from 0 to `base_lr`.

    Returns
    -------
    Tensor of shape (total_steps,)
        Rates of the steps 0 to `total_steps - 1`, float64, on the CPU.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    Step `j` of the fall, counted 1 to `decay_steps`, has the rate
    `base_lr + (min_lr - base_lr) * j / decay_steps`.

    References
    ----------
    Hu et al. 2024, "MiniCPM" (the WSD scheduler, there with an exponential fall); Haegele et
    al. 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations" (the
    straight fall among others).
    """
    _between(0, math.inf, base_lr=base_lr, decay_steps=decay_steps)
    _between(0, base_lr, min_lr=min_lr)
    _between(warmup_steps + decay_steps + 1, math.inf, total_steps=total_steps)
    # The line starts on the last stable step, so that the first step of the fall is lower.
    fall = torch.linspace(base_lr, min_lr, decay_steps + 1, dtype=torch.float64)
    stable = fall[:1].expand(total_steps - warmup_steps - decay_steps - 1)
    return warmup(torch.cat([stable, fall]), warmup_steps)


# -- Part 4: Warm restarts --------------------------------------------------------------------


def warm_restarts(
    base_lr: float,
    total_steps: int,
    first_period: int,
    multiplier: int = 1,
    min_lr: float = 0.0,
) -> Tensor:
    """Cosine annealing that starts again from the top, each time for longer.

    Parameters
    ----------
    base_lr : float
        Rate at step 0 and at every restart, at least 0.
    total_steps : int
        Number of steps in the run, at least 1. The last period may be cut short.
    first_period : int
        Steps from step 0 to the first restart, at least 1.
    multiplier : int, default 1
        Every period is this many times as long as the one before, at least 1.
    min_lr : float, default 0.0
        Rate that each period falls towards, from 0 to `base_lr`.

    Returns
    -------
    Tensor of shape (total_steps,)
        Rates of the steps 0 to `total_steps - 1`, float64, on the CPU.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    A step that lies `since` steps after the last restart, in a period of `period` steps,
    has the rate `min_lr + (base_lr - min_lr) * (1 + cos(pi * since / period)) / 2`.
    `since` ends at `period - 1`: where `min_lr` would be reached, the restart comes instead.

    References
    ----------
    Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", eq. 5.
    """
    _between(0, math.inf, base_lr=base_lr)
    _between(0, base_lr, min_lr=min_lr)
    _between(1, math.inf, first_period=first_period, multiplier=multiplier)
    since, period = _places_in_period(_steps(total_steps), first_period, multiplier)
    return _half_cosine(base_lr, min_lr, since / period)


def _places_in_period(
    steps: Tensor, first_period: int, multiplier: int
) -> tuple[Tensor, Tensor | int]:
    """For every step, the steps since the last restart and the length of its period."""
    if multiplier == 1:
        return steps % first_period, first_period
    # Exact integers: a logarithm would put some restarts one step off. Periods at least
    # double, so that a run of a billion steps has about thirty.
    starts, periods = [0], [first_period]
    while starts[-1] + periods[-1] < len(steps):
        starts.append(starts[-1] + periods[-1])
        periods.append(periods[-1] * multiplier)
    start, period = torch.tensor([starts, periods], dtype=steps.dtype)
    index = torch.bucketize(steps, start, right=True) - 1
    return steps - start[index], period[index]


# -- Part 5: One-cycle ------------------------------------------------------------------------


def one_cycle(
    max_lr: float,
    total_steps: int,
    warm_fraction: float = 0.3,
    div: float = 25.0,
    final_div: float = 1e4,
) -> Tensor:
    """Half a cosine up to `max_lr`, then half a cosine down to almost nothing.

    Parameters
    ----------
    max_lr : float
        Rate of the peak, at least 0.
    total_steps : int
        Number of steps in the run, at least 2.
    warm_fraction : float, default 0.3
        Share of the run that the climb takes, above `1 / total_steps` and below 1.
    div : float, default 25.0
        At least 1; the first rate is `max_lr / div`.
    final_div : float, default 1e4
        At least 1; the last rate is the first rate divided by it.

    Returns
    -------
    Tensor of shape (total_steps,)
        Rates of the steps 0 to `total_steps - 1`, float64, on the CPU.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    The peak is at `peak = warm_fraction * total_steps - 1`, which may lie between two
    steps: then no step has the rate `max_lr` itself. The climb runs from step 0 to the
    peak, the fall from the peak to step `total_steps - 1`.

    References
    ----------
    Smith and Topin 2018, "Super-Convergence: Very Fast Training of Neural Networks Using
    Large Learning Rates".
    """
    _between(0, math.inf, max_lr=max_lr)
    _between(1, math.inf, div=div, final_div=final_div)
    _between(2, math.inf, total_steps=total_steps)
    steps = _steps(total_steps)
    peak, last = warm_fraction * total_steps - 1, total_steps - 1
    _require(0 < peak < last, f"between 1/{total_steps} and 1", warm_fraction=warm_fraction)
    first_lr = max_lr / div
    climb = _half_cosine(first_lr, max_lr, steps / peak)
    fall = _half_cosine(max_lr, first_lr / final_div, (steps - peak) / (last - peak))
    return torch.where(steps <= peak, climb, fall)


# -- Part 6: Inverse square root --------------------------------------------------------------


def inverse_sqrt(d_model: int, total_steps: int, warmup_steps: int = 4000) -> Tensor:
    """Rates of the first Transformer: a linear climb, then one over the root of the step.

    Parameters
    ----------
    d_model : int
        Width of the model, at least 1: the wider, the lower all rates.
    total_steps : int
        Number of steps in the run, at least 1.
    warmup_steps : int, default 4000
        Length of the climb, at least 1. The peak is at step `warmup_steps - 1`.

    Returns
    -------
    Tensor of shape (total_steps,)
        Rates of the steps 0 to `total_steps - 1`, float64, on the CPU.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value.

    Notes
    -----
    The paper counts steps from 1. With `n = t + 1`, the rate of step `t` is
    `d_model**-0.5 * min(n**-0.5, n * warmup_steps**-1.5)`.

    References
    ----------
    Vaswani et al. 2017, "Attention Is All You Need", section 5.3.
    """
    _between(1, math.inf, d_model=d_model, warmup_steps=warmup_steps)
    count = _steps(total_steps) + 1
    return d_model**-0.5 * torch.minimum(count**-0.5, count * warmup_steps**-1.5)


# -- Part 7: Optimiser steps ------------------------------------------------------------------


def sgd_step(
    parameter: Tensor,
    gradient: Tensor,
    state: dict[str, Any],
    lr: float,
    momentum: float = 0.9,
) -> tuple[Tensor, dict[str, Any]]:
    """One step of stochastic gradient descent with momentum.

    Parameters
    ----------
    parameter : Tensor of any shape
        Before the step, floating point.
    gradient : Tensor of the same shape, dtype and device
        Of the loss, at `parameter`.
    state : dict
        `{}` before the first step, then what the last step returned.
    lr : float
        Rate of this step; it may differ from step to step.
    momentum : float, default 0.9
        Share of the buffer that one step keeps.

    Returns
    -------
    parameter : Tensor
        After the step.
    state : dict
        `{"momentum_buffer": Tensor}`, shaped like the parameter.

    Raises
    ------
    ValueError
        If `gradient` is shaped unlike `parameter`; the message holds `gradient` and its shape.

    Notes
    -----
    `buffer = momentum * buffer + gradient`, from 0, then `parameter -= lr * buffer`.

    References
    ----------
    Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".
    """
    _check_gradient(parameter, gradient)
    buffer = torch.add(gradient, _buffer(state, "momentum_buffer", parameter), alpha=momentum)
    return parameter.sub(buffer, alpha=lr), {"momentum_buffer": buffer}


def adagrad_step(
    parameter: Tensor,
    gradient: Tensor,
    state: dict[str, Any],
    lr: float,
    eps: float = 1e-10,
) -> tuple[Tensor, dict[str, Any]]:
    """One step of AdaGrad: each entry's rate shrinks with all its gradients so far.

    Parameters
    ----------
    parameter, gradient, state, lr
        As in `sgd_step`.
    eps : float, default 1e-10
        Keeps the division finite where every gradient was 0.

    Returns
    -------
    parameter : Tensor
        After the step.
    state : dict
        `{"sum": Tensor}`, shaped like the parameter.

    Raises
    ------
    ValueError
        If `gradient` is shaped unlike `parameter`; the message holds `gradient` and its shape.

    Notes
    -----
    `sum = sum + gradient**2`, from 0, then `parameter -= lr * gradient / (sqrt(sum) + eps)`.

    References
    ----------
    Duchi et al. 2011, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization", figure 1.
    """
    _check_gradient(parameter, gradient)
    total = torch.addcmul(_buffer(state, "sum", parameter), gradient, gradient)
    return torch.addcdiv(parameter, gradient, total.sqrt().add_(eps), value=-lr), {"sum": total}


def adadelta_step(
    parameter: Tensor,
    gradient: Tensor,
    state: dict[str, Any],
    lr: float,
    rho: float = 0.9,
    eps: float = 1e-6,
) -> tuple[Tensor, dict[str, Any]]:
    """One step of Adadelta: past updates over past gradients give the units of the parameter.

    Parameters
    ----------
    parameter, gradient, state, lr
        As in `sgd_step`. The paper has no rate: `lr` is 1 there.
    rho : float, default 0.9
        Share of both averages that one step keeps.
    eps : float, default 1e-6
        Starts the first update, which has no past updates to go by.

    Returns
    -------
    parameter : Tensor
        After the step.
    state : dict
        `{"square_avg": Tensor, "acc_delta": Tensor}`, shaped like the parameter.

    Raises
    ------
    ValueError
        If `gradient` is shaped unlike `parameter`; the message holds `gradient` and its shape.

    Notes
    -----
    In this order, with both averages from 0:
    `square_avg = rho * square_avg + (1 - rho) * gradient**2`,
    `delta = sqrt(acc_delta + eps) / sqrt(square_avg + eps) * gradient`,
    `acc_delta = rho * acc_delta + (1 - rho) * delta**2`, `parameter -= lr * delta`.

    References
    ----------
    Zeiler 2012, "ADADELTA: An Adaptive Learning Rate Method", algorithm 1.
    """
    _check_gradient(parameter, gradient)
    square_avg = _average_square(_buffer(state, "square_avg", parameter), gradient, rho)
    past = _buffer(state, "acc_delta", parameter)
    delta = past.add(eps).div_(square_avg.add(eps)).sqrt_().mul_(gradient)
    acc_delta = _average_square(past, delta, rho)
    return parameter.sub(delta, alpha=lr), {"square_avg": square_avg, "acc_delta": acc_delta}


def adam_step(
    parameter: Tensor,
    gradient: Tensor,
    state: dict[str, Any],
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Tensor, dict[str, Any]]:
    """One step of Adam; weight decay is an L2 penalty, part of the gradient.

    Parameters
    ----------
    parameter, gradient, state, lr
        As in `sgd_step`.
    betas : pair of float, default (0.9, 0.999)
        Shares of the two averages, of gradients and of squares, that one step keeps.
    eps : float, default 1e-8
        Added to the root, not under it.
    weight_decay : float, default 0.0
        The gradient becomes `gradient + weight_decay * parameter` before all else.

    Returns
    -------
    parameter : Tensor
        After the step.
    state : dict
        `{"step": int, "exp_avg": Tensor, "exp_avg_sq": Tensor}`: the number of steps taken,
        and the averages, shaped like the parameter and without bias correction.

    Raises
    ------
    ValueError
        If `gradient` is shaped unlike `parameter`; the message holds `gradient` and its shape.

    Notes
    -----
    After step number `n`, counted from 1, with both averages from 0:
    `exp_avg = beta1 * exp_avg + (1 - beta1) * gradient`,
    `exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * gradient**2`,
    `mean = exp_avg / (1 - beta1**n)`, `square = exp_avg_sq / (1 - beta2**n)`,
    `parameter -= lr * mean / (sqrt(square) + eps)`.

    References
    ----------
    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1.
    """
    _check_gradient(parameter, gradient)
    penalised = gradient.add(parameter, alpha=weight_decay) if weight_decay else gradient
    return _adam_update(parameter, penalised, state, lr, betas, eps)


def adamw_step(
    parameter: Tensor,
    gradient: Tensor,
    state: dict[str, Any],
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> tuple[Tensor, dict[str, Any]]:
    """One step of AdamW; weight decay shrinks the parameter, and the averages never see it.

    Parameters
    ----------
    parameter, gradient, state, lr, betas, eps
        As in `adam_step`.
    weight_decay : float, default 0.01
        The parameter becomes `parameter * (1 - lr * weight_decay)` before Adam's update.

    Returns
    -------
    parameter : Tensor
        After the step.
    state : dict
        As in `adam_step`.

    Raises
    ------
    ValueError
        If `gradient` is shaped unlike `parameter`; the message holds `gradient` and its shape.

    References
    ----------
    Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2.
    """
    _check_gradient(parameter, gradient)
    return _adam_update(parameter * (1 - lr * weight_decay), gradient, state, lr, betas, eps)


def _adam_update(
    parameter: Tensor,
    gradient: Tensor,
    state: dict[str, Any],
    lr: float,
    betas: tuple[float, float],
    eps: float,
) -> tuple[Tensor, dict[str, Any]]:
    beta1, beta2 = betas
    step = state.get("step", 0) + 1
    exp_avg = torch.lerp(_buffer(state, "exp_avg", parameter), gradient, 1 - beta1)
    exp_avg_sq = _average_square(_buffer(state, "exp_avg_sq", parameter), gradient, beta2)
    # Both corrections as plain numbers, which saves a pass over memory for each.
    root = exp_avg_sq.sqrt().div_(math.sqrt(1 - beta2**step)).add_(eps)
    updated = torch.addcdiv(parameter, exp_avg, root, value=-lr / (1 - beta1**step))
    return updated, {"step": step, "exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}


def _average_square(average: Tensor, value: Tensor, keep: float) -> Tensor:
    return (average * keep).addcmul_(value, value, value=1 - keep)


def _buffer(state: dict[str, Any], key: str, parameter: Tensor) -> Tensor:
    buffer = state.get(key)
    return torch.zeros_like(parameter) if buffer is None else buffer


def _check_gradient(parameter: Tensor, gradient: Tensor) -> None:
    # A gradient that merely broadcasts would train, only wrongly.
    wanted, shape = tuple(parameter.shape), tuple(gradient.shape)
    _require(shape == wanted, f"shape {wanted}, like the parameter", gradient=shape)


# -- Part 8: Plan the schedule ----------------------------------------------------------------


def monte_carlo_values(
    episodes: Sequence[Sequence[tuple[int, float]]], num_states: int, discount: float
) -> Tensor:
    """First-visit Monte-Carlo estimate of what each state is worth.

    Parameters
    ----------
    episodes : sequence of episodes
        Each a sequence of `(state, reward)` in the order of time: a state from 0 to
        `num_states - 1`, and the reward received on leaving it.
    num_states : int
        Number of states, at least 1.
    discount : float
        Weight of the next reward relative to this one, from 0 to 1.

    Returns
    -------
    Tensor of shape (num_states,)
        Mean return per state, float64, on the CPU; NaN where no episode came.

    Raises
    ------
    ValueError
        If an argument is outside its range; the message holds its name and its value
        (`episodes` and the offending state).

    Notes
    -----
    The return from a visit at time `t` is `r[t] + discount * r[t+1] + discount**2 * r[t+2]
    + ...` to the end of the episode. Of an episode's visits to a state only the first counts.

    References
    ----------
    Sutton and Barto 2018, "Reinforcement Learning: An Introduction", section 5.1.
    """
    _between(1, math.inf, num_states=num_states)
    _between(0, 1, discount=discount)
    totals, counts = [0.0] * num_states, [0] * num_states
    for episode in episodes:
        for state, value in _first_returns(episode, discount).items():
            _between(0, num_states - 1, episodes=state)
            totals[state] += value
            counts[state] += 1
    return torch.tensor(totals, dtype=torch.float64) / torch.tensor(counts)


def _first_returns(episode: Sequence[tuple[int, float]], discount: float) -> dict[int, float]:
    """Return from the first visit of every state that the episode comes to."""
    returns, value = {}, 0.0
    for state, reward in reversed(episode):
        value = reward + discount * value
        returns[state] = value  # going backwards, the first visit is written last
    return returns


def greedy_policy(transitions: Tensor, rewards: Tensor, discount: float, values: Tensor) -> Tensor:
    """Choose for every state the action of highest reward plus discounted next value.

    Parameters
    ----------
    transitions : Tensor of shape (states, actions, states)
        `transitions[s, a, n]` is the probability to go from `s` to `n` under `a`, float64;
        every row `transitions[s, a]` sums to 1, and no entry is negative, both within 1e-6.
    rewards : Tensor of shape (states, actions)
        Expected reward of action `a` in state `s`, float64.
    discount : float
        Weight of the next reward relative to this one, from 0 to 1.
    values : Tensor of shape (states,)
        What each state is worth, float64.

    Returns
    -------
    Tensor of shape (states,)
        Actions, int64, on the device of `transitions`; of equals the lowest.

    Raises
    ------
    ValueError
        If `transitions`, `rewards`, `discount` or `values` is not as above; the message
        names the argument.

    References
    ----------
    Sutton and Barto 2018, section 4.2 (policy improvement).
    """
    _check_process(transitions, rewards)
    _between(0, 1, discount=discount)
    _require(values.shape == rewards.shape[:1], "shape (states,)", values=tuple(values.shape))
    return (rewards + discount * transitions @ values).argmax(1)


def policy_iteration(
    transitions: Tensor, rewards: Tensor, discount: float
) -> tuple[Tensor, Tensor]:
    """Best deterministic policy of a Markov decision process, and what it earns.

    Parameters
    ----------
    transitions : Tensor of shape (states, actions, states)
        As in `greedy_policy`.
    rewards : Tensor of shape (states, actions)
        As in `greedy_policy`.
    discount : float
        Weight of the next reward relative to this one, at least 0 and below 1.

    Returns
    -------
    policy : Tensor of shape (states,)
        Actions, int64, on the device of `transitions`; of equals, any.
    values : Tensor of shape (states,)
        Expected discounted reward from each state under that policy, float64.

    Raises
    ------
    ValueError
        If `transitions`, `rewards` or `discount` is not as above; the message names the
        argument.

    Notes
    -----
    A policy's values solve `values = r + discount * P @ values`, with the rows of the
    chosen actions in `r` and `P`. Improving every state by one step of looking ahead, and
    solving again, ends at an optimum after finitely many rounds (Howard 1960).

    References
    ----------
    Sutton and Barto 2018, section 4.3.
    """
    _check_process(transitions, rewards)
    _require(0 <= discount < 1, "at least 0 and below 1", discount=discount)
    policy = rewards.argmax(1)
    while True:
        values = _policy_values(transitions, rewards, discount, policy)
        worth = rewards + discount * transitions @ values
        best, choice = worth.max(1)
        # Gains of rounding size would swap equal actions back and forth for ever.
        better = best - _chosen(worth, policy) > 1e-11 * worth.abs().max()
        if not better.any():
            return policy, values
        policy = torch.where(better, choice, policy)


def _policy_values(transitions: Tensor, rewards: Tensor, discount: float, policy: Tensor) -> Tensor:
    """Solve for the values of one policy, exactly."""
    chain = _chosen(transitions, policy)  # (states, states)
    unit = torch.eye(len(policy)).to(chain)
    return torch.linalg.solve(unit - discount * chain, _chosen(rewards, policy))


def _chosen(table: Tensor, policy: Tensor) -> Tensor:
    """Entries of each state's own action: from (states, actions, ...) to (states, ...)."""
    index = policy.reshape(-1, *[1] * (table.ndim - 1))
    return table.take_along_dim(index, 1).squeeze(1)


def _check_process(transitions: Tensor, rewards: Tensor) -> None:
    shape = tuple(transitions.shape)
    cube = len(shape) == 3 and shape[0] == shape[2]
    _require(cube, "shape (states, actions, states)", transitions=shape)
    _require(tuple(rewards.shape) == shape[:2], f"shape {shape[:2]}", rewards=tuple(rewards.shape))
    off = max((transitions.sum(2) - 1).abs().max().item(), -transitions.min().item())
    _require(off <= 1e-6, "rows of probabilities", transitions=f"off by {off:.3g}")


# -- shared -----------------------------------------------------------------------------------


def _steps(total_steps: int) -> Tensor:
    """0, 1, ... as float64: integers below 2**53 are exact, and powers stay in float64."""
    _between(1, math.inf, total_steps=total_steps)
    return torch.arange(total_steps, dtype=torch.float64)


def _half_cosine(start: float, end: float, progress: Tensor) -> Tensor:
    """From `start` where `progress` is 0 to `end` where it is 1, level at both."""
    return end + (start - end) / 2 * (1 + torch.cos(math.pi * progress))


def _between(low: float, high: float, **arguments: float) -> None:
    for name, value in arguments.items():
        _require(low <= value <= high, f"from {low} to {high}", **{name: value})


def _require(fits: bool, expected: str, **argument: object) -> None:
    if not fits:
        ((name, value),) = argument.items()
        raise ValueError(f"{name} is {value}; expected {expected}")
