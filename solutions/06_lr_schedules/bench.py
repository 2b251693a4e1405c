"""Tables against torch's schedulers, optimiser steps against torch's optimisers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer, lr_scheduler

from grader.bench import Case
from grader.compare import assert_close

STEPS = 20_000
UPDATES = 50
SIDE = 128  # of a square layer


class Groups(Optimizer):
    """Parameter groups alone, so that the peer's time is that of its scheduler."""

    def __init__(self, lr: float) -> None:
        self.param_groups = [{"params": [], "lr": lr}]
        self.defaults = {"lr": lr}

    def step(self, closure=None):  # overloaded in the base class
        """Do nothing, where an optimiser would update."""


def cases(solution: Any) -> Iterator[Case]:
    """Every schedule over a long run, then every optimiser on one layer."""
    for peer, ours, theirs in _schedules(solution):
        work = f"{STEPS:,} rates of {peer}"
        yield Case(work, f"torch's {peer}", ours, _scheduler(theirs), assert_close)
    for peer, step, make in _optimisers(solution):
        work = f"{UPDATES} steps of {peer} on a {SIDE} x {SIDE} layer"
        ours, theirs = _updates(step), _torch_updates(make)
        yield Case(work, f"torch.optim.{peer}", ours, theirs, assert_close)


def _schedules(s: Any) -> Iterator[tuple[str, Callable[[], Tensor], Callable]]:
    yield (
        "StepLR",
        lambda: s.step_decay(0.1, STEPS, 3000),
        lambda o: lr_scheduler.StepLR(o, 3000),
    )
    yield (
        "ExponentialLR",
        lambda: s.exponential_decay(0.1, STEPS, 0.9999),
        lambda o: lr_scheduler.ExponentialLR(o, 0.9999),
    )
    yield (
        "CosineAnnealingLR",
        lambda: s.cosine(0.1, STEPS, 1e-3),
        lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS - 1, 1e-3),
    )
    yield (
        "LinearLR",
        lambda: s.warmup(torch.full((STEPS - 2000,), 0.1, dtype=torch.float64), 2000, 0.01),
        lambda o: lr_scheduler.LinearLR(o, 0.01, 1, 2000),
    )
    yield (
        "CosineAnnealingWarmRestarts",
        lambda: s.warm_restarts(0.1, STEPS, 10, 2),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 10, 2),
    )
    yield (
        "OneCycleLR",
        lambda: s.one_cycle(0.1, STEPS),
        lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=STEPS, cycle_momentum=False),
    )
    yield (
        "LambdaLR (trapezoid)",
        lambda: s.warmup_stable_decay(0.1, STEPS, 1999, 4000),
        lambda o: lr_scheduler.LambdaLR(o, lambda t: min((t + 1) / 2000, 1, (STEPS - 1 - t) / 4e3)),
    )
    yield (
        "LambdaLR (inverse square root)",
        lambda: s.inverse_sqrt(100, STEPS),
        lambda o: lr_scheduler.LambdaLR(o, lambda t: min((t + 1) ** -0.5, (t + 1) * 4000**-1.5)),
    )


def _scheduler(make: Callable[[Optimizer], Any]) -> Callable[[], Tensor]:
    def rates() -> Tensor:
        optimizer = Groups(0.1)
        scheduler = make(optimizer)
        optimizer.step()
        found = []
        for _ in range(STEPS):
            found.append(optimizer.param_groups[0]["lr"])
            scheduler.step()
        return torch.tensor(found, dtype=torch.float64)

    return rates


def _optimisers(s: Any) -> Iterator[tuple[str, Callable, Callable[[list[Tensor]], Optimizer]]]:
    optim = torch.optim
    yield "SGD", s.sgd_step, lambda p: optim.SGD(p, 0.01, momentum=0.9)
    yield "Adagrad", s.adagrad_step, lambda p: optim.Adagrad(p, 0.01)
    yield "Adadelta", s.adadelta_step, lambda p: optim.Adadelta(p, 0.01)
    yield "Adam", s.adam_step, lambda p: optim.Adam(p, 0.01)
    yield "AdamW", s.adamw_step, lambda p: optim.AdamW(p, 0.01)


def _layer_and_gradient() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    parameter, gradient = torch.randn(2, SIDE, SIDE, generator=generator)
    return parameter, gradient


def _updates(step: Callable) -> Callable[[], Tensor]:
    start, gradient = _layer_and_gradient()

    def run() -> Tensor:
        parameter = start
        state: dict[str, Any] = {}
        for _ in range(UPDATES):
            parameter, state = step(parameter, gradient, state, 0.01)
        return parameter

    return run


def _torch_updates(make: Callable[[list[Tensor]], Optimizer]) -> Callable[[], Tensor]:
    start, gradient = _layer_and_gradient()

    def run() -> Tensor:
        parameter = start.clone().requires_grad_()
        parameter.grad = gradient
        optimizer = make([parameter])
        for _ in range(UPDATES):
            optimizer.step()
        return parameter.detach()

    return run
