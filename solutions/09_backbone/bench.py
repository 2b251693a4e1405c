"""Backbone against torchvision, fvcore, torch's counter, quantised tensors and GradScaler."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from grader.bench import Case, each, load_peer
from grader.compare import assert_close, assert_equal

IMAGE = (3, 224, 224)
BATCH = 8


def cases(solution: Any) -> Iterator[Case]:
    """Each peer in turn; all results are compared first."""
    return each(
        solution, _against_fvcore, _against_torchvision, _against_quantised, _against_grad_scaler
    )


def _normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def _quiet(work: Callable[[], Any]) -> Callable[[], Any]:
    """Without the warnings that quantised tensors and tracing are to go."""

    def run() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return work()

    return run


# -- counting ---------------------------------------------------------------------------------


def _against_fvcore(s: Any) -> Iterator[Case]:
    model, image = s.Backbone(1000).eval(), _normal(1, *IMAGE)

    def counted_by_torch() -> int:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(image)
        return counter.get_total_flops() // 2

    def ours() -> int:
        return s.count_macs(model, IMAGE)

    yield Case("MACs of MobileNetV2", "FlopCounterMode", ours, counted_by_torch, assert_equal)

    fvcore = load_peer("fvcore.nn")

    def counted_by_fvcore() -> int:
        analysis = fvcore.FlopCountAnalysis(model, image)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        counts = analysis.by_operator()
        return int(counts["conv"] + counts["linear"])

    peer = "fvcore.FlopCountAnalysis"
    yield Case("MACs of MobileNetV2", peer, ours, _quiet(counted_by_fvcore), assert_equal)


# -- inference --------------------------------------------------------------------------------


def _against_torchvision(s: Any) -> Iterator[Case]:
    torchvision = load_peer("torchvision.models")

    theirs = torchvision.mobilenet_v2().eval()
    with torch.no_grad():  # statistics that are not those of a fresh network
        theirs.train()(_normal(16, *IMAGE))
        theirs.eval()
    ours = s.Backbone(1000)
    pairs = zip(ours.state_dict(), theirs.state_dict().values(), strict=True)
    ours.load_state_dict(dict(pairs))
    ours = s.fold_model(ours).to(memory_format=torch.channels_last)
    images = _normal(BATCH, *IMAGE)
    last = images.to(memory_format=torch.channels_last)
    theirs_last = copy.deepcopy(theirs).to(memory_format=torch.channels_last)

    def agree(a: Tensor, b: Tensor) -> None:
        assert_close(a, b, rtol=1e-3)  # float32 through 53 layers

    def run(model: nn.Module, x: Tensor) -> Callable[[], Tensor]:
        return torch.inference_mode()(lambda: model(x))

    work = f"MobileNetV2, {BATCH} images of 224 x 224, folded and channels last"
    yield Case(work, "torchvision as it comes", run(ours, last), run(theirs, images), agree)
    yield Case(work, "torchvision, channels last", run(ours, last), run(theirs_last, last), agree)


# -- eight bits -------------------------------------------------------------------------------


def _against_quantised(s: Any) -> Iterator[Case]:
    side, rows = 2048, 64
    weight = _normal(side, side) / side**0.5
    zeros = torch.zeros(side, dtype=torch.long)

    def per_channel() -> tuple[Tensor, Tensor]:
        scale = weight.abs().amax(1) / 127
        quantised = torch.quantize_per_channel(weight, scale.double(), zeros, 0, torch.qint8)
        return quantised.int_repr(), scale

    def agree(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> None:
        assert_close(a[1], b[1])
        assert int((a[0].int() - b[0].int()).abs().max()) <= 1  # they multiply by 1 / scale

    work = f"a weight of {side} x {side} in 8 bits"
    peer = "torch.quantize_per_channel"
    yield Case(work, peer, lambda: s.quantise(weight), _quiet(per_channel), agree)

    b = s.quantise(weight)[0]
    a = s.quantise(_normal(rows, side))[0]
    work = f"the exact product of {rows} rows with it"
    int32 = lambda: a.int() @ b.int().T  # noqa: E731
    yield Case(work, "int32 matmul", lambda: s.int8_matmul(a, b), int32, assert_equal)
    float64 = lambda: (a.double() @ b.double().T).int()  # noqa: E731
    yield Case(work, "float64 matmul", lambda: s.int8_matmul(a, b), float64, assert_equal)


# -- loss scaling -----------------------------------------------------------------------------


class _NoStep:
    """Only the scaler's own work is timed."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self.param_groups = [{"params": parameters}]

    def step(self) -> None:
        pass


def _against_grad_scaler(s: Any) -> Iterator[Case]:
    scale = 2.0**16
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))

    def one_iteration(scaler: Any) -> Callable[[], list[Tensor]]:
        parameters = list(copy.deepcopy(model).parameters())
        optimizer, gradients = _NoStep(parameters), [torch.ones_like(p) for p in parameters]

        def run() -> list[Tensor]:
            for p, gradient in zip(parameters, gradients, strict=True):
                p.grad = gradient
                gradient.mul_(scale)
            scaler.scale(torch.ones(()))
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
            return gradients

        return run

    ours = s.LossScaler(init_scale=scale, growth_interval=10**6)
    theirs = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=10**6)
    work = "an iteration of the scaler for a network 64-128-10"
    pair = one_iteration(ours), one_iteration(theirs)
    yield Case(work, "GradScaler", *pair, assert_close, rounds=200)
