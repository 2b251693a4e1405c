"""Explanation against shap, lime and captum."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grader.bench import Case, each, load_peer
from grader.compare import assert_close

BACKGROUND = 50


def cases(solution: Any) -> Iterator[Case]:
    """Each peer in turn; all results are compared first."""
    return each(solution, _against_shap, _against_lime, _against_captum)


def _network(*widths: int, seed: int = 0) -> nn.Sequential:
    """A ReLU network in float64 with one output, of which nothing requires a gradient."""
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layer = nn.Linear(inputs, outputs, dtype=torch.float64).requires_grad_(False)
        draw = torch.randn(outputs, inputs, generator=generator, dtype=torch.float64)
        layer.weight.copy_(draw * (2 / inputs) ** 0.5)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Sigmoid(), nn.Flatten(0))


def _on_arrays(model: Callable[[Tensor], Tensor]) -> Callable[[Any], Any]:
    """The same model for a library that speaks NumPy; no copy is made."""
    return lambda rows: model(torch.from_numpy(np.ascontiguousarray(rows))).numpy()


def _tumours(features: int) -> tuple[Tensor, Tensor]:
    """Standardised breast cancer data: examples to explain, and a background."""
    from sklearn.datasets import load_breast_cancer

    x = torch.from_numpy(load_breast_cancer().data[:, :features])
    x = (x - x.mean(0)) / x.std(0)
    return x[100:], x[:BACKGROUND].clone()


def _quietly(work: Callable[[], Any]) -> Any:
    """Without the warnings of a library about its own dependencies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return work()


# -- shap -------------------------------------------------------------------------------------


def _against_shap(s: Any) -> Iterator[Case]:
    shap = _quietly(lambda: load_peer("shap"))
    yield _exact(s, shap)
    yield _kernel(s, shap)
    yield _permutations(s, shap)


def _exact(s: Any, shap: Any) -> Case:
    features, count = 12, 5
    model = _network(features, 32, 1)
    examples, background = _tumours(features)
    examples = examples[:count].clone()
    masker = shap.maskers.Independent(background.numpy(), max_samples=BACKGROUND)
    explainer = shap.explainers.Exact(_on_arrays(model), masker)
    bits = torch.arange(2**features)[:, None] >> torch.arange(features) & 1

    def ours() -> Tensor:
        every = bits.bool()
        return torch.stack(
            [s.exact_shapley(s.coalition_values(model, x, background, every)) for x in examples]
        )

    def theirs() -> Tensor:
        return torch.from_numpy(
            explainer(examples.numpy(), max_evals=2**features, silent=True).values
        )

    work = f"Shapley values of {count} examples, {features} features, {BACKGROUND} rows"
    return Case(work, "shap's ExactExplainer", ours, theirs, assert_close, rounds=5)


def _kernel(s: Any, shap: Any) -> Case:
    features, count, samples = 30, 5, 2048
    model = _network(features, 32, 1)
    examples, background = _tumours(features)
    examples = examples[:count].clone()
    explainer = shap.KernelExplainer(_on_arrays(model), background.numpy())

    def theirs() -> Tensor:
        np.random.seed(0)  # what it draws from
        options = {"nsamples": samples, "l1_reg": 0, "silent": True}
        return torch.from_numpy(explainer.shap_values(examples.numpy(), **options))

    # The coalitions that it draws, which are the same at every call, and their weights.
    drawn = []
    for x in examples:
        if not drawn:
            np.random.seed(0)
        explainer.shap_values(x.numpy(), nsamples=samples, l1_reg=0, silent=True)
        mask = torch.from_numpy(explainer.maskMatrix).bool()
        drawn.append((x, mask, torch.from_numpy(explainer.kernelWeights.copy())))

    def ours() -> Tensor:
        return torch.stack([s.kernel_shap(model, x, background, z, w) for x, z, w in drawn])

    work = f"Kernel SHAP of {count} examples, {features} features, {samples:,} coalitions"
    return Case(work, "shap's KernelExplainer", ours, theirs, assert_close, rounds=5)


def _permutations(s: Any, shap: Any) -> Case:
    features, count, orders = 30, 10, 10
    model = _network(features, 32, 1)
    examples, background = _tumours(features)
    examples = examples[:count].clone()
    masker = shap.maskers.Independent(background.numpy(), max_samples=BACKGROUND)
    explainer = shap.explainers.Permutation(_on_arrays(model), masker, seed=0)

    def theirs() -> Tensor:
        np.random.seed(0)  # what it draws from
        budget = orders * (2 * features + 1)
        values = explainer(examples.numpy(), max_evals=budget, silent=True).values
        return torch.from_numpy(values)

    # It shuffles one array again and again.
    np.random.seed(0)
    drawn = []
    for x in examples:
        order, seen = np.arange(features), []
        for _ in range(orders):
            np.random.shuffle(order)
            seen.append(order.copy())
        drawn.append((x, torch.from_numpy(np.stack(seen))))

    def ours() -> Tensor:
        return torch.stack([s.permutation_shapley(model, x, background, p) for x, p in drawn])

    work = f"{orders} permutations, both ways, for {count} examples, {features} features"
    return Case(work, "shap's PermutationExplainer", ours, theirs, assert_close, rounds=7)


# -- lime -------------------------------------------------------------------------------------


def _against_lime(s: Any) -> Iterator[Case]:
    base = load_peer("lime.lime_base")
    metrics = load_peer("sklearn.metrics")

    features, count = 30, 5000
    model = _network(features, 32, 1)
    examples, _ = _tumours(features)
    x, scale = examples[0], examples.std(0)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(count, features, generator=generator, dtype=torch.float64)
    samples = torch.cat([x[None], x + scale * noise])
    width = 0.75 * features**0.5
    local = base.LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / width**2)))
    predict = _on_arrays(model)

    def theirs() -> dict[str, Any]:
        """What `LimeTabularExplainer.explain_instance` does once it has drawn its samples."""
        scaled = (samples.numpy() - x.numpy()) / scale.numpy()
        distances = metrics.pairwise_distances(scaled, scaled[:1], metric="euclidean").ravel()
        labels = predict(samples.numpy())[:, None]
        intercept, pairs, score, _ = local.explain_instance_with_data(
            scaled, labels, distances, 0, features, feature_selection="none"
        )
        found = torch.tensor([c for _, c in sorted(pairs)], dtype=torch.float64)
        return {"coefficients": found, "intercept": float(intercept), "score": float(score)}

    yield Case(
        f"a local model from {count:,} samples, {features} features",
        "lime",
        lambda: s.lime_tabular(model, x, samples, scale),
        theirs,
        lambda a, b: assert_close(a, b, rtol=1e-8),
    )


# -- captum -----------------------------------------------------------------------------------


def _against_captum(s: Any) -> Iterator[Case]:
    attr = _quietly(lambda: load_peer("captum.attr"))

    count, features, steps = 64, 64, 50
    model = _network(features, 128, 128, 1).float()
    generator = torch.Generator().manual_seed(0)
    inputs, baseline = torch.rand(count, features, generator=generator), torch.zeros(features)
    method = attr.IntegratedGradients(model)

    def theirs() -> Tensor:
        return method.attribute(inputs, baseline[None], n_steps=steps, method="gausslegendre")

    yield Case(
        f"integrated gradients of {count} examples, {steps} nodes, {features}-128-128-1",
        "captum",
        lambda: s.integrated_gradients(model, inputs, baseline, steps),
        theirs,
        lambda a, b: assert_close(a, b.detach(), rtol=1e-4),
    )
