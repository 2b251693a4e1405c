"""Learning-rate schedules as tables, optimiser steps as pure functions, and a planner.

The statement is `README.md` beside this file; `nox -s check -- 06` judges your work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    raise NotImplementedError("Part 1, Step and exponential decay")


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
    raise NotImplementedError("Part 1, Step and exponential decay")


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
    raise NotImplementedError("Part 2, Cosine annealing")


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
    raise NotImplementedError("Part 3, Warm-up")


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
    raise NotImplementedError("Part 3, Warm-up")


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
    raise NotImplementedError("Part 4, Warm restarts")


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
    raise NotImplementedError("Part 5, One-cycle")


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
    raise NotImplementedError("Part 6, Inverse square root")


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
    raise NotImplementedError("Part 7, Optimiser steps")


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
    raise NotImplementedError("Part 7, Optimiser steps")


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
    raise NotImplementedError("Part 7, Optimiser steps")


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
    raise NotImplementedError("Part 7, Optimiser steps")


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
    raise NotImplementedError("Part 7, Optimiser steps")


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
    raise NotImplementedError("Part 8, Plan the schedule")


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
    raise NotImplementedError("Part 8, Plan the schedule")


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
    raise NotImplementedError("Part 8, Plan the schedule")
