"""Transfer learning against scikit-learn's estimators and timm's helpers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from grader.bench import Case, each, load_peer
from grader.compare import assert_close, assert_equal

L2 = 1e-3
TOLERANCE = 1e-5  # of the largest entry of the gradient, for both sides


def cases(solution: Any) -> Iterator[Case]:
    """Each peer in turn; all results are compared first."""
    return each(solution, _probes, _self_training, _loading, _freezing, _groups)


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _quiet(work: Callable[[], Any]) -> Callable[[], Any]:
    """Without the warnings of libraries that others of them are too new."""

    def run() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return work()

    return run


# -- scikit-learn -----------------------------------------------------------------------------


def _digits() -> tuple[Tensor, Tensor]:
    pixels, targets = load_peer("sklearn.datasets").load_digits(return_X_y=True)
    return torch.tensor(pixels / 16, dtype=torch.float32), torch.tensor(targets)


def _relu_features(rows: Tensor, width: int) -> Tensor:
    """What a first layer makes of its inputs: not negative, and correlated."""
    inputs = rows.shape[1]
    return torch.relu(rows @ _normal(inputs, width) / inputs**0.5 + 0.3 * _normal(width, seed=1))


def _probes(s: Any) -> Iterator[Case]:
    model = load_peer("sklearn.linear_model").LogisticRegression
    pixels, digits = _digits()
    hidden = _normal(10_000, 64, seed=2)
    classes = (hidden @ _normal(64, 10, seed=3) / 3 + _normal(10_000, 10, seed=4)).argmax(1)
    problems = (
        ("1,797 digits, 64 pixels", pixels, digits),
        ("1,797 digits, 512 features of a ReLU layer", _relu_features(pixels, 512), digits),
        ("10,000 rows, 256 features of a ReLU layer", _relu_features(hidden, 256), classes),
    )
    for work, features, targets in problems:
        yield _probe(s, model, f"probe of {work}", features.double(), targets)


def _probe(s: Any, model: Any, work: str, features: Tensor, targets: Tensor) -> Case:
    x, y = features.numpy(), targets.numpy()

    def theirs() -> tuple[Tensor, Tensor]:
        fitted = model(C=1 / (L2 * len(x)), tol=TOLERANCE, max_iter=100_000).fit(x, y)
        return torch.tensor(fitted.coef_), torch.tensor(fitted.intercept_)

    def loss(weight: Tensor, bias: Tensor) -> float:
        fit = functional.cross_entropy(functional.linear(features, weight, bias), targets)
        return (fit + L2 / 2 * weight.square().sum()).item()

    return Case(
        work,
        "LogisticRegression",
        lambda: s.linear_probe(features, targets, L2, TOLERANCE),
        _quiet(theirs),
        lambda a, b: assert_close(loss(*a), loss(*b), rtol=1e-5),
        rounds=3,
    )


def _self_training(s: Any) -> Iterator[Case]:
    model = load_peer("sklearn.linear_model").LogisticRegression
    wrapper = load_peer("sklearn.semi_supervised").SelfTrainingClassifier
    pixels, digits = _digits()
    features = _relu_features(pixels, 256).double()
    rows, threshold = 500, 0.8
    known, unknown = features[:rows], features[rows:]
    x = features.numpy()
    y = torch.where(torch.arange(len(digits)) < rows, digits, -1).numpy()

    class Probe(model):  # type: ignore[misc]
        """Its penalty is for the sum of losses: keep that for the mean as rows come in."""

        def fit(self, rows: Any, targets: Any) -> Any:
            self.C = 1 / (L2 * len(rows))
            return super().fit(rows, targets)

    def theirs() -> tuple[Tensor, Tensor, Tensor]:
        estimator = Probe(tol=1e-6, max_iter=100_000)
        fitted = wrapper(estimator, threshold=threshold, max_iter=1).fit(x, y)
        taken = torch.tensor(fitted.labeled_iter_ == 1).nonzero().flatten() - rows
        labels = torch.tensor(fitted.transduction_)[rows:][taken]
        return torch.tensor(fitted.predict(x)), taken, labels

    def ours() -> tuple[Tensor, Tensor, Tensor]:
        fitted = s.self_train(known, digits[:rows], unknown, L2, threshold, 1)
        weight, bias, taken, labels = fitted
        return functional.linear(features, weight, bias).argmax(1), taken, labels

    sizes = f"{rows} rows known and {len(digits) - rows} not"
    work = f"a round of self-training, 256 features of a ReLU layer, {sizes}"
    yield Case(work, "SelfTrainingClassifier", ours, _quiet(theirs), assert_equal, rounds=5)


# -- timm -------------------------------------------------------------------------------------


def _network() -> nn.Module:
    """34 convolutions, each with its batch norm, and a head."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3)]
    for _ in range(33):
        layers += [nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3, bias=False)]
    return nn.Sequential(*layers, nn.BatchNorm2d(16), nn.Flatten(), nn.Linear(16, 10))


def _loading(s: Any) -> Iterator[Case]:
    clean = load_peer("timm.models").clean_state_dict
    model, other = _network(), _network()
    checkpoint = {f"module.{name}": t + 1 for name, t in _network().state_dict().items()}
    head = list(checkpoint)[-2:]
    checkpoint |= {name: checkpoint[name][:5] for name in head}

    def ours() -> tuple[dict[str, Tensor], list[str]]:
        report = s.load_matching(model, checkpoint, {"module.": ""})
        return model.state_dict(), report["mismatched"]

    def theirs() -> tuple[dict[str, Tensor], list[str]]:
        cleaned = clean(checkpoint)
        state = other.state_dict()
        fits = {n: t for n, t in cleaned.items() if n in state and t.shape == state[n].shape}
        return other.state_dict(), other.load_state_dict(fits, strict=False).missing_keys

    yield Case(
        "34 convolutions and batch norms loaded from a checkpoint with a prefix and another head",
        "timm's clean_state_dict, a filter by shape and load_state_dict",
        ours,
        theirs,
        lambda a, b: assert_equal((dict(a[0]), a[1]), (dict(b[0]), b[1])),
        rounds=101,
    )


def _freezing(s: Any) -> Iterator[Case]:
    utils = load_peer("timm.utils")
    model, other = _network(), _network()
    names = [name for name, _ in model.named_children()][:80]

    def trained(m: nn.Module) -> list[str]:
        return [name for name, p in m.named_parameters() if p.requires_grad]

    def ours() -> list[list[str]]:
        s.freeze(model, names)
        rest = trained(model)
        s.freeze(model, [])
        return [rest, trained(model)]

    def theirs() -> list[list[str]]:
        utils.freeze(other, names)
        rest = trained(other)
        utils.unfreeze(other, names)
        return [rest, trained(other)]

    work = f"freezing {len(names)} layers, batch norms included, and thawing them"
    yield Case(work, "timm.utils.freeze", ours, theirs, assert_equal, rounds=31)


def _groups(s: Any) -> Iterator[Case]:
    by_layer = load_peer("timm.optim").param_groups_layer_decay

    class Stack(nn.Sequential):
        """Tells timm what its layers are, as timm's own models do."""

        def group_matcher(self, coarse: bool = False) -> dict[str, str]:
            del coarse
            return {"blocks": r"^(\d+)"}

    def block() -> nn.Module:
        mlp = [nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 8)]
        return nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8), *mlp)

    model = Stack(*[block() for _ in range(24)], nn.Linear(8, 10))
    lr, decay, weight_decay = 0.1, 0.75, 0.05

    def ours() -> list[tuple[float, float, int]]:
        groups = s.layer_groups(model, lr, decay, weight_decay)
        return [(g["lr"], g["weight_decay"], len(g["params"])) for g in groups]

    def theirs() -> list[tuple[float, float, int]]:
        groups = by_layer(model, weight_decay, layer_decay=decay)
        return [(lr * g["lr_scale"], g["weight_decay"], len(g["params"])) for g in groups]

    work = "layer-wise rates for 24 blocks and a head"
    agree = lambda a, b: assert_close(sorted(a), sorted(b))  # noqa: E731
    yield Case(work, "timm's param_groups_layer_decay", ours, theirs, agree, rounds=101)
