"""What 10_transfer_learning asks for, part by part.

Oracles: state dicts and parameter groups written out by hand, training runs with autograd and
modes set from outside, gradients of convex functions in float64, dense matrix products.
"""

from __future__ import annotations

import contextlib
import copy
import math
import re
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from grader.testing import assert_between, assert_close, assert_equal, assert_tensor, part

DTYPES = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])


# -- inputs -----------------------------------------------------------------------------------


def normal(rng, *shape, device, dtype=torch.float64):
    return torch.tensor(rng.normal(size=shape), dtype=dtype, device=device)


def labels(rng, n, classes, device):
    """Every class in turn, shuffled: none is missing when n >= classes."""
    return torch.tensor(rng.permutation(np.arange(n) % classes), device=device)


def filled(model, rng, device, dtype=torch.float64):
    """The model with parameters and buffers drawn from `rng`: torch's own draws are not seeded."""
    model = model.to(device=device, dtype=dtype)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            values = normal(rng, *tensor.shape, device=device, dtype=dtype) / 2
            tensor.copy_(values.square() + 0.5 if name.endswith("running_var") else values)
        else:
            tensor.fill_(int(rng.integers(3, 99)))
    return model


def chain(**modules):
    return nn.Sequential(OrderedDict(modules))


def classifier(rng, device, dtype=torch.float64, classes=3, dropout=0.0):
    """A trunk, a middle and a head, with batch norm and dropout in the first two."""
    trunk = nn.Sequential(
        nn.Linear(4, 5, bias=False), nn.BatchNorm1d(5), nn.Tanh(), nn.Dropout(dropout)
    )
    middle = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6, momentum=0.3), nn.Tanh())
    model = chain(trunk=trunk, middle=middle, head=nn.Linear(6, classes))
    return filled(model, rng, device, dtype)


def refuses(name, value):
    """Expect a ValueError whose message holds the argument's name and the value."""
    pattern = rf"(?s)(?=.*\b{name}\b).*{re.escape(str(value))}"
    return pytest.raises(ValueError, match=pattern)


def bad(**values):
    """Run a test once for each bad value of each argument."""
    cases = [(name, value) for name, several in values.items() for value in several]
    return pytest.mark.parametrize(("name", "value"), cases)


@pytest.fixture(scope="module")
def digits():
    """1797 scanned digits; imported here, where no submission's time is running."""
    from sklearn.datasets import load_digits

    pixels, targets = load_digits(return_X_y=True)
    return pixels / 16, targets


@pytest.fixture(scope="module")
def logistic_regression():
    """The class of scikit-learn, imported here for the same reason."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression


# -- Part 1 -----------------------------------------------------------------------------------


def load(kata, model, checkpoint, *rename):
    report = kata.load_matching(model, checkpoint, *rename)
    return report, dict(model.state_dict())


def load_and_overwrite(kata, model, checkpoint):
    """The tensors and flags that the model had before, as they are after, and the checkpoint."""
    before = dict(model.named_parameters())
    before["middle.1.running_mean"] = model.middle[1].running_mean
    kata.load_matching(model, checkpoint)
    values = {name: tensor.detach().clone() for name, tensor in before.items()}
    flags = {name: tensor.requires_grad for name, tensor in before.items()}
    for tensor in model.state_dict().values():
        tensor.fill_(7)
    return values, flags, checkpoint


def load_in_vain(kata, model, checkpoint, rename):
    with contextlib.suppress(ValueError):
        kata.load_matching(model, checkpoint, rename)
    return dict(model.state_dict())


def report_of(loaded=(), missing=(), mismatched=(), unexpected=()):
    return {
        "loaded": list(loaded),
        "missing": list(missing),
        "mismatched": list(mismatched),
        "unexpected": list(unexpected),
    }


def linear_names(*modules):
    return [f"{module}.{kind}" for module in modules for kind in ("weight", "bias")]


@part("Loading what fits", points=1)
class TestLoading:
    @DTYPES
    def test_all_four_lists(self, kata, rng, device, dtype):
        """What fits in name and shape is loaded, buffers too; the rest stays and is reported."""
        model = classifier(rng, device, dtype)
        checkpoint = dict(classifier(rng, device, dtype, classes=7).state_dict())
        del checkpoint["middle.0.bias"], checkpoint["trunk.1.running_var"]
        extra = {"zoo.weight": normal(rng, 2, device=device), "aux": normal(rng, 1, device=device)}
        state = dict(model.state_dict())
        lost = ["trunk.1.running_var", "middle.0.bias"]
        heads = linear_names("head")
        loaded = [name for name in state if name not in (*lost, *heads)]
        expected = state | {name: checkpoint[name] for name in loaded}
        report = report_of(loaded, lost, heads, ["zoo.weight", "aux"])
        backwards = dict(reversed(checkpoint.items()))
        assert_equal(kata.run(load, model, extra | backwards), (report, expected))

    def test_everything_fits(self, kata, rng, device):
        """A checkpoint of the same model is loaded whole, and the other lists are empty."""
        model, other = (classifier(rng, device) for _ in range(2))
        expected = dict(other.state_dict())
        report = report_of(list(expected))
        assert_equal(kata.run(load, model, expected), (report, expected))
        assert_equal(kata.run(load, model, expected, {}), (report, expected))

    @pytest.mark.parametrize(
        ("rename", "names"),
        [
            ({"module.": ""}, ["module.body.weight", "module.body.bias", "module.head.weight"]),
            ({"encoder.": "body."}, ["encoder.weight", "encoder.bias", "head.weight"]),
            ({"": "body."}, ["weight", "bias"]),
            ({"b.": "body.", "h.": "head."}, ["b.weight", "h.weight", "h.bias"]),
            ({"net": "head"}, ["body.bias", "net.weight", "net.bias"]),
            ({"none.": "body."}, ["body.bias", "head.bias"]),
        ],
    )
    def test_renames_beginnings(self, kata, rng, device, rename, names):
        """A name that begins with a key of `rename` goes on with its value instead."""
        model = filled(chain(body=nn.Linear(3, 4), head=nn.Linear(4, 2)), rng, device)
        ends = {"module.": "", "encoder.": "body.", "b.": "body.", "h.": "head.", "net": "head"}
        expected = dict(model.state_dict())
        checkpoint, loaded = {}, []
        for name in names:
            begin = next((b for b in ends if name.startswith(b)), "")
            target = ends.get(begin, "") + name[len(begin) :] if begin else name
            if "" in rename:
                target = "body." + name
            checkpoint[name] = normal(rng, *expected[target].shape, device=device)
            expected[target] = checkpoint[name]
            loaded.append(target)
        missing = [name for name in expected if name not in loaded]
        found = [name for name in expected if name in loaded]
        report = report_of(found, missing)
        assert_equal(kata.run(load, model, checkpoint, rename), (report, expected))

    def test_renames_at_the_beginning_only(self, kata, rng, device):
        """`module.` is taken from `module.submodule.bias` once, and only in front."""
        model = filled(chain(submodule=nn.Linear(2, 3), module=nn.Linear(3, 2)), rng, device)
        expected = {name: t + 1 for name, t in model.state_dict().items()}
        checkpoint = {f"module.{name}": tensor for name, tensor in expected.items()}
        report = report_of(list(expected))
        assert_equal(kata.run(load, model, checkpoint, {"module.": ""}), (report, expected))

    @pytest.mark.parametrize("turn", [1, -1])
    def test_the_longest_beginning_counts(self, kata, rng, device, turn):
        """Of several beginnings the longest is replaced, wherever it stands in `rename`."""
        model = filled(chain(body=nn.Linear(3, 4), head=nn.Linear(4, 2)), rng, device)
        state = dict(model.state_dict())
        fresh = {name: t + 1 for name, t in state.items()}
        checkpoint = {
            "net.body.weight": fresh["body.weight"],
            "net.fc.weight": fresh["head.weight"],
            "net.fc.bias": fresh["head.bias"],
            "net.fc.old.bias": fresh["head.bias"],
        }
        rename = {"net.": "", "net.fc.": "head.", "net.fc.old.": "gone.", "n": "no"}
        rename = dict(list(rename.items())[::turn])
        loaded = ["body.weight", "head.weight", "head.bias"]
        report = report_of(loaded, ["body.bias"], (), ["net.fc.old.bias"])
        expected = fresh | {"body.bias": state["body.bias"]}
        assert_equal(kata.run(load, model, checkpoint, rename), (report, expected))

    def test_renames_once(self, kata, rng, device):
        """What a name became is not renamed again: two layers can change places."""
        model = filled(chain(a=nn.Linear(3, 3), b=nn.Linear(3, 3)), rng, device)
        fresh = {name: t + 1 for name, t in model.state_dict().items()}
        swapped = {("b" if name[0] == "a" else "a") + name[1:]: t for name, t in fresh.items()}
        report = report_of(list(fresh))
        got = kata.run(load, model, swapped, {"a.": "b.", "b.": "a."})
        assert_equal(got, (report, fresh))

    @pytest.mark.parametrize("shape", [(4, 3), (12,), (1, 4), (4,), (1,), (), (3, 4, 1), (0, 4)])
    def test_another_shape_is_a_mismatch(self, kata, rng, device, shape):
        """A tensor of another shape is reported, never broadcast, reshaped or cut."""
        model = filled(nn.Linear(4, 3), rng, device)
        state = dict(model.state_dict())
        bias = normal(rng, 3, device=device)
        checkpoint = {"weight": normal(rng, *shape, device=device), "bias": bias}
        report = report_of(["bias"], (), ["weight"])
        assert_equal(kata.run(load, model, checkpoint), (report, state | {"bias": bias}))

    @pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
    def test_the_model_keeps_its_dtypes(self, kata, rng, device, dtype):
        """Values are cast to the dtype that the model has for them."""
        model = classifier(rng, device, torch.float32)
        checkpoint = dict(classifier(rng, device, dtype).state_dict())
        dtypes = {name: t.dtype for name, t in model.state_dict().items()}
        expected = {name: t.to(dtypes[name]) for name, t in checkpoint.items()}
        report = report_of(list(expected))
        assert_equal(kata.run(load, model, checkpoint), (report, expected))

    def test_fills_the_tensors_that_are_there(self, kata, rng, device):
        """The model's own tensors are filled, flags as they were; nothing is shared."""
        model, other = classifier(rng, device), classifier(rng, device)
        model.head.bias.requires_grad_(False)
        checkpoint = dict(other.state_dict())
        names = [name for name, _ in model.named_parameters()] + ["middle.1.running_mean"]
        values = {name: checkpoint[name] for name in names}
        flags = {name: name not in ("head.bias", "middle.1.running_mean") for name in names}
        got = kata.run(load_and_overwrite, model, checkpoint)
        assert_equal(got, (values, flags, checkpoint))

    @pytest.mark.parametrize("kind", ["prefix", "shape", "empty", "renamed"])
    def test_refuses_to_load_nothing(self, kata, rng, device, kind):
        """If nothing fits, that is a ValueError with `checkpoint` and its first three names."""
        model = classifier(rng, device)
        state = dict(model.state_dict())
        checkpoint, rename = {
            "prefix": ({f"module.{name}": t for name, t in state.items()}, None),
            "shape": ({name: t[None] for name, t in state.items()}, None),
            "empty": ({}, None),
            "renamed": (state, {"": "module."}),
        }[kind]
        with refuses("checkpoint", list(checkpoint)[:3]):
            kata.load_matching(model, checkpoint, rename)
        assert_equal(kata.run(load_in_vain, model, checkpoint, rename), state)

    def test_refuses_names_that_meet(self, kata, rng, device):
        """If two names become one, that is a ValueError with `rename` and the name."""
        model = filled(nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)), rng, device)
        state = dict(model.state_dict())
        checkpoint = {"0.weight": state["0.weight"] + 1, "x.0.weight": state["0.weight"] + 2}
        with refuses("rename", "0.weight"):
            kata.load_matching(model, checkpoint, {"x.": ""})
        both = {"a.bias": state["1.bias"], "b.bias": state["1.bias"], "0.bias": state["0.bias"] + 1}
        with refuses("rename", "1.bias"):
            kata.load_matching(model, both, {"a.": "1.", "b.": "1."})
        assert_equal(kata.run(load_in_vain, model, both, {"a.": "1.", "b.": "1."}), state)


# -- Part 2 -----------------------------------------------------------------------------------


def train_frozen(kata, model, freezes, modes, batches, warm_steps=0):
    """Train by SGD that skips parameters without a gradient, as the optimisers of torch do."""

    def sgd_step(inputs, targets):
        for p in model.parameters():
            if p.grad is not None:
                p.grad.zero_()
        functional.cross_entropy(model(inputs), targets).backward()
        with torch.no_grad():
            for p in model.parameters():
                if p.grad is not None:
                    v = momenta.setdefault(id(p), torch.zeros_like(p))
                    v.mul_(0.8).add_(p.grad).add_(p, alpha=0.1)
                    p.sub_(v, alpha=0.3)

    momenta = {}
    model.train()
    for inputs, targets in batches[:warm_steps]:
        sgd_step(inputs, targets)
    for modules in freezes:
        names = kata.freeze(model, modules)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    flags = {name: p.requires_grad for name, p in model.named_parameters()}
    for mode in modes:
        outer = torch.nn.Sequential(model)
        {"": model, "outer": outer, "trunk": model.trunk, "trunk.1": model.trunk[1]}[mode].train()
    for inputs, targets in batches[warm_steps:]:
        sgd_step(inputs, targets)
    return names, flags, before, dict(model.state_dict())


def observe_frozen(kata, model, modules, inputs):
    """Flags, modes and outputs right after freezing, in training and in evaluation."""
    kata.freeze(model, modules)
    seen = []
    for _ in range(3):
        seen.append({name: module.training for name, module in model.named_modules()})
        seen.append(model(inputs))
        model.train(len(seen) < 4)
    return seen, dict(model.state_dict())


def gradients_after_freezing(kata, model, modules, inputs, targets):
    functional.cross_entropy(model(inputs), targets).backward()
    kata.freeze(model, iter(modules))
    left = {name: p.grad for name, p in model.named_parameters()}
    model.zero_grad()
    inputs.requires_grad_()
    functional.cross_entropy(model(inputs), targets).backward()
    return left, {name: p.grad for name, p in model.named_parameters()}, inputs.grad


def flags_after_refusal(kata, model, modules):
    with contextlib.suppress(ValueError):
        kata.freeze(model, modules)
    return {name: p.requires_grad for name, p in model.named_parameters()}


def names_in(model, modules):
    """Parameters of the named modules, by walking through these."""
    parts = dict(model.named_modules())
    chosen = {id(p) for name in modules for p in parts[name].parameters()}
    return [name for name, p in model.named_parameters() if id(p) in chosen]


def set_modes(model, modules):
    model.train()
    for name in modules:
        model.get_submodule(name).eval()


def reference_gradients(model, modules, inputs, targets):
    """By autograd, of the parameters that are in none of `modules`."""
    set_modes(model, modules)
    frozen = names_in(model, modules)
    named = {name: p for name, p in model.named_parameters() if name not in frozen}
    loss = functional.cross_entropy(model(inputs), targets)
    gradients = torch.autograd.grad(loss, list(named.values())) if named else ()
    return named, dict(zip(named, gradients, strict=True))


def reference_training(model, modules, batches, momenta=None):
    """The same SGD of the parameters that are in none of `modules`; changes `model`."""
    momenta = {} if momenta is None else momenta
    for inputs, targets in batches:
        named, gradients = reference_gradients(model, modules, inputs, targets)
        with torch.no_grad():
            for name, p in named.items():
                v = 0.8 * momenta.get(name, 0) + gradients[name] + 0.1 * p
                momenta[name] = v
                p -= 0.3 * v
    return momenta


def training_batches(rng, count, device, dtype=torch.float64):
    return [
        (normal(rng, 8, 4, device=device, dtype=dtype) * 2 + 1, labels(rng, 8, 3, device))
        for _ in range(count)
    ]


CHOICES = pytest.mark.parametrize(
    "modules",
    [["trunk"], ["trunk", "head"], ["middle"], ["trunk.1"], ["head", "trunk"], ["trunk.0"], []],
    ids=",".join,
)


@part("Freezing that holds", points=2)
class TestFreezing:
    @CHOICES
    @DTYPES
    def test_trains_the_rest_and_nothing_else(self, kata, rng, device, modules, dtype):
        """In training mode, frozen tensors keep every bit, buffers too; all others train."""
        model = classifier(rng, device, dtype)
        state = copy.deepcopy(dict(model.state_dict()))
        frozen = names_in(model, modules)
        flags = {name: name not in frozen for name, _ in model.named_parameters()}
        batches = training_batches(rng, 3, device, dtype)
        got = kata.run(train_frozen, model, [modules], [""], batches)
        reference_training(model, modules, batches)
        tolerance = 1e-9 if dtype == torch.float64 else 1e-3  # rounding grows over the steps
        expected = dict(model.state_dict())
        assert_equal(got[:3], (frozen, flags, state))
        assert_close(got[3], expected, rtol=tolerance)
        still = [name for name in state if any(name.startswith(f"{m}.") for m in modules)]
        assert_equal({n: got[3][n] for n in still}, {n: state[n] for n in still})

    def test_the_whole_model(self, kata, rng, device):
        """The name of the whole model is the empty string; frozen, it computes one thing."""
        model = classifier(rng, device, dropout=0.5)
        inputs = normal(rng, 9, 4, device=device)
        state = dict(model.state_dict())
        expected = copy.deepcopy(model).eval()(inputs).detach()
        seen, after = kata.run(observe_frozen, model, [""], inputs)
        assert_close(seen[1::2], [expected] * 3)
        assert_equal(after, state)

    @pytest.mark.parametrize(
        "modes", [["trunk"], ["trunk.1"], ["outer"], ["", "trunk.1"], ["", ""]], ids="-".join
    )
    def test_no_train_undoes_it(self, kata, rng, device, modes):
        """`train()` of the model, of a part or of a model around it leaves frozen parts as is."""
        model = classifier(rng, device)
        state = copy.deepcopy(dict(model.state_dict()))
        batches = training_batches(rng, 2, device)
        got = kata.run(train_frozen, model, [["trunk"]], modes, batches)[3]
        reference_training(model, ["trunk"], batches)
        assert_close(got, dict(model.state_dict()))
        still = [name for name in state if name.startswith("trunk.")]
        assert_equal({n: got[n] for n in still}, {n: state[n] for n in still})

    @pytest.mark.parametrize("modules", [["trunk"], ["middle", "head"]], ids=",".join)
    def test_an_optimiser_that_was_there_before(self, kata, rng, device, modules):
        """Gradients left behind are gone, so that neither momentum nor decay goes on."""
        model = classifier(rng, device)
        batches = training_batches(rng, 5, device)
        got = kata.run(train_frozen, model, [modules], [""], batches, 2)
        momenta = reference_training(model, [], batches[:2])
        assert_close(got[2], dict(model.state_dict()))
        reference_training(model, modules, batches[2:], momenta)
        assert_close(got[3], dict(model.state_dict()))
        frozen = names_in(model, modules)
        assert_equal({n: got[3][n] for n in frozen}, {n: got[2][n] for n in frozen})

    @pytest.mark.parametrize("modules", [["middle"], ["trunk", "middle"], ["head"]], ids=",".join)
    def test_gradients_pass_through(self, kata, rng, device, modules):
        """Frozen parameters have no gradient; what lies before them gets its own through them."""
        model = classifier(rng, device)
        ((inputs, targets),) = training_batches(rng, 1, device)
        set_modes(model, modules)
        x = inputs.clone().requires_grad_()
        functional.cross_entropy(copy.deepcopy(model)(x), targets).backward()
        _, gradients = reference_gradients(copy.deepcopy(model), modules, inputs, targets)
        expected = {name: gradients.get(name) for name, _ in model.named_parameters()}
        got = kata.run(gradients_after_freezing, model, modules, inputs, targets)
        assert isinstance(got[0], dict), "no gradients were seen"
        frozen = names_in(model, modules)
        assert_equal({n: got[0].get(n, 0) for n in frozen}, dict.fromkeys(frozen))
        assert_close(got[1], expected)
        assert_close(got[2], x.grad)

    def test_modes_of_the_others(self, kata, rng, device):
        """Modules that are not frozen stay in their mode, and follow `train()` and `eval()`."""
        model = classifier(rng, device).train()
        model.middle.eval()
        inputs = normal(rng, 9, 4, device=device)
        seen, _ = kata.run(observe_frozen, model, ["trunk"], inputs)
        others = ["", "head", "middle", "middle.0", "middle.1", "middle.2"]
        modes = [{name: mode[name] for name in others} for mode in seen[::2]]
        first = {name: "middle" not in name for name in others}
        assert_equal(modes, [first, dict.fromkeys(others, True), dict.fromkeys(others, False)])

    def test_dropout(self, kata, rng, device):
        """Dropout in a frozen module does nothing; elsewhere it goes on."""
        # 40 rows of 5 units: all are spared with a probability of 2**-200.
        model = classifier(rng, device, dropout=0.5).train()
        inputs = normal(rng, 40, 4, device=device)
        trunk = copy.deepcopy(model.trunk).eval()
        seen, _ = kata.run(observe_frozen, chain(trunk=model.trunk), ["trunk"], inputs)
        assert_close(seen[1::2], [trunk(inputs).detach()] * 3)
        seen, _ = kata.run(observe_frozen, chain(trunk=model.trunk), ["trunk.0"], inputs)
        assert_tensor(seen[1], shape=(40, 5), dtype=torch.float64, device=device)
        assert_tensor(seen[3], shape=(40, 5), dtype=torch.float64, device=device)
        assert_between((seen[1] == 0).sum().item(), 1, 199)
        assert_between((seen[3] == 0).sum().item(), 1, 199)

    def test_names_are_not_beginnings(self, kata, rng, device):
        """Freezing module 1 leaves modules 10 and 11 alone."""
        model = filled(nn.Sequential(*[nn.Linear(2, 2) for _ in range(12)]), rng, device)
        assert_equal(kata.freeze(model, ["1"]), linear_names("1"))
        assert_equal(kata.freeze(model, ("11", "3", "11")), linear_names("3", "11"))
        assert_equal(kata.freeze(model, []), [])

    def test_nested_names(self, kata, rng, device):
        """Names may lie within one another; each parameter is told once."""
        model = classifier(rng, device)
        expected = names_in(model, ["trunk"])
        assert_equal(kata.freeze(model, ["trunk.1", "trunk", "trunk.0"]), expected)
        everything = [name for name, _ in model.named_parameters()]
        assert_equal(kata.freeze(model, ["trunk", ""]), everything)

    @pytest.mark.parametrize(
        "freezes",
        [
            [["trunk"], ["head"]],
            [["trunk", "middle"], ["trunk"]],
            [["trunk"], []],
            [[""], ["trunk"]],
        ],
        ids=["other", "fewer", "none", "whole"],
    )
    def test_the_last_call_counts(self, kata, rng, device, freezes):
        """A module that is not named again is thawed: it trains, and so does its batch norm."""
        model = classifier(rng, device)
        model.middle[0].bias.requires_grad_(False)
        batches = training_batches(rng, 3, device)
        got = kata.run(train_frozen, model, freezes, [""], batches)
        frozen = names_in(model, freezes[-1])
        flags = {name: name not in frozen for name, _ in model.named_parameters()}
        assert_equal(got[:2], (frozen, flags))
        model.requires_grad_(True)
        reference_training(model, freezes[-1], batches)
        assert_close(got[3], dict(model.state_dict()))

    @pytest.mark.parametrize("name", ["tru", "trunk.9", "trunk.0.weight", "Head", "trunk."])
    def test_refuses_unknown_names(self, kata, rng, device, name):
        """A name that no module has is a ValueError with `modules` and the name."""
        model = classifier(rng, device)
        with refuses("modules", name):
            kata.freeze(model, ["trunk", name])
        flags = {other: True for other, _ in model.named_parameters()}
        assert_equal(kata.run(flags_after_refusal, model, ["trunk", name]), flags)


# -- Part 3 -----------------------------------------------------------------------------------


def extract(kata, model, x, *batch_size):
    """Features, sizes of batches, modes and state; the features are overwritten afterwards."""
    sizes = []
    hook = model.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    features = kata.extract_features(model, x, *batch_size)
    hook.remove()
    got, graph = features, False
    if isinstance(features, torch.Tensor):
        got, graph = features.clone(), features.requires_grad
        features.fill_(7)
    modes = {name: module.training for name, module in model.named_modules()}
    return got, graph, sizes, modes, dict(model.state_dict()), x


def modes_after_an_error(kata, model, x):
    with contextlib.suppress(ValueError):  # batch norm takes no images
        kata.extract_features(model, x, 4)
    return {name: module.training for name, module in model.named_modules()}


def train_on_features(kata, model, x, head):
    features = kata.extract_features(model, x, 4)
    head.requires_grad_()
    (features @ head).square().sum().backward()
    return head.grad, [p.grad for p in model.parameters()]


def mixed_modes(model):
    """Training, but for a batch norm and the head."""
    model.train()
    model.trunk[1].eval()
    model.head.eval()
    return {name: module.training for name, module in model.named_modules()}


@part("Feature extraction", points=1)
class TestFeatures:
    @DTYPES
    @pytest.mark.parametrize("batch_size", [1, 3, 6, 11, 12, 50])
    def test_any_batch_size(self, kata, rng, device, dtype, batch_size):
        """Batches only save memory: the features are those of evaluation, in order, no graph."""
        model = classifier(rng, device, dtype, dropout=0.5)
        modes = mixed_modes(model)
        x = normal(rng, 12, 4, dtype=dtype, device=device)
        expected = copy.deepcopy(model).eval()(x).detach()
        features, graph, sizes, *rest = kata.run(extract, model, x, batch_size)
        assert_close(features, expected)
        assert_equal(graph, False)
        assert_between(max(sizes), 1, batch_size)
        assert_equal(rest, [modes, dict(model.state_dict()), x])

    def test_default_batch_size(self, kata, rng, device):
        """By default the model sees at most 256 rows at once."""
        model = classifier(rng, device)
        x = normal(rng, 600, 4, device=device)
        features, _, sizes, *_ = kata.run(extract, model, x)
        assert_close(features, copy.deepcopy(model).eval()(x).detach())
        assert_between(max(sizes), 1, 256)

    @pytest.mark.parametrize("training", [True, False])
    def test_a_mode_for_every_module(self, kata, rng, device, training):
        """Each module is afterwards in the mode in which it was, mixed or not."""
        model = classifier(rng, device).train(training)
        model.middle[1].train(not training)
        modes = {name: module.training for name, module in model.named_modules()}
        x = normal(rng, 5, 4, device=device)
        assert_equal(kata.run(extract, model, x, 2)[3], modes)

    def test_modes_after_an_error(self, kata, rng, device):
        """Modes are restored as well when the model raises an error."""
        model = classifier(rng, device)
        modes = mixed_modes(model)
        x = normal(rng, 5, 2, 2, 4, device=device)
        assert_equal(kata.run(modes_after_an_error, model, x), modes)

    def test_features_can_be_trained_on(self, kata, rng, device):
        """A head can be trained on the features, and the model gets no gradient from it."""
        model = classifier(rng, device)
        x, head = normal(rng, 9, 4, device=device), normal(rng, 3, 2, device=device)
        features = copy.deepcopy(model).eval()(x).detach()
        expected = 2 * features.T @ (features @ head)
        nothing = [None for _ in model.parameters()]
        assert_close(kata.run(train_on_features, model, x, head), (expected, nothing))

    def test_images(self, kata, rng, device):
        """Inputs and features may have more dimensions, and lie in memory in any order."""
        model = nn.Sequential(nn.Conv2d(2, 3, 3, stride=2), nn.BatchNorm2d(3), nn.ReLU())
        model = filled(model, rng, device).train()
        x = normal(rng, 7, 5, 6, 2, device=device).permute(0, 3, 1, 2)
        expected = copy.deepcopy(model).eval()(x).detach()
        assert_close(kata.extract_features(model, x, 3), expected)

    def test_features_are_new(self, kata, rng, device):
        """Writing to the features does not change the inputs, even if the model does nothing."""
        x = normal(rng, 5, 4, device=device)
        for batch_size in (2, 5):
            features, *_, after = kata.run(extract, nn.Identity(), x, batch_size)
            assert_equal((features, after), (x, x))

    def test_no_rows(self, kata, rng, device):
        """Without rows there are no features, but they have their width."""
        model = classifier(rng, device)
        got = kata.extract_features(model, normal(rng, 0, 4, device=device))
        assert_tensor(got, shape=(0, 3), dtype=torch.float64, device=device)

    @bad(batch_size=[0, -3])
    def test_refuses(self, kata, rng, device, name, value):
        """A `batch_size` below 1 is a ValueError that holds its name and its value."""
        model, x = classifier(rng, device), normal(rng, 6, 4, device=device)
        with refuses(name, value):
            kata.extract_features(model, x, **{name: value})


# -- Part 4 -----------------------------------------------------------------------------------


def penalised_loss(weight, bias, features, targets, l2):
    logits = features.double() @ weight.T + bias
    return functional.cross_entropy(logits, targets) + l2 / 2 * weight.square().sum()


def assert_minimum(got, features, targets, l2, tolerance):
    """Judge a probe by the gradient, in float64, at what it returned."""
    assert isinstance(got, tuple), "expected a pair: the weight and the bias"
    assert len(got) == 2, "expected a pair: the weight and the bias"
    classes = int(targets.max()) + 1
    options = {"dtype": features.dtype, "device": features.device}
    assert_tensor(got[0], shape=(classes, features.shape[1]), **options)
    assert_tensor(got[1], shape=(classes,), **options)
    leaves = [tensor.double().requires_grad_() for tensor in got]
    loss = penalised_loss(*leaves, features, targets, l2)
    for gradient in torch.autograd.grad(loss, leaves):
        assert_between(gradient, -tolerance, tolerance)


def probe_problem(rng, n, width, classes, device, dtype=torch.float64):
    """Correlated features with offsets and several scales, and classes that depend on them."""
    hidden = rng.normal(size=(n, width)) @ rng.normal(size=(width, width)) / math.sqrt(width)
    features = np.maximum(hidden + rng.normal(size=width), 0) * np.geomspace(0.2, 2, width)
    scores = features @ rng.normal(size=(width, classes)) + rng.normal(size=(n, classes))
    targets = (scores - scores.mean(0)).argmax(1)
    targets[:classes] = np.arange(classes)
    order = rng.permutation(n)
    features = torch.tensor(features[order], dtype=dtype, device=device)
    return features, torch.tensor(targets[order], device=device)


def probe_and_return_arguments(kata, features, targets):
    features.requires_grad_()
    weight, bias = kata.linear_probe(features, targets, 0.1)
    return [weight.requires_grad, bias.requires_grad], features, targets


def centred(weight, bias):
    """Class scores are known up to a constant: this takes it away."""
    return weight - weight.mean(0), bias - bias.mean()


def source_network(pixels, targets, rng, steps=120):
    """A hidden layer of 48 units that has learned to read digits, by gradient descent."""
    x = torch.tensor(pixels, dtype=torch.float32)
    y = torch.tensor(targets)
    sizes = [(48, 64), (10, 48)]
    weights = [normal(rng, *s, device="cpu", dtype=torch.float32) / s[1] ** 0.5 for s in sizes]
    layers = [w.requires_grad_() for w in weights] + [torch.zeros(48), torch.zeros(10)]
    layers[2].requires_grad_(), layers[3].requires_grad_()
    momenta = [torch.zeros_like(p) for p in layers]
    for _ in range(steps):
        hidden = torch.relu(x @ layers[0].T + layers[2])
        loss = functional.cross_entropy(hidden @ layers[1].T + layers[3], y)
        gradients = torch.autograd.grad(loss, layers)
        with torch.no_grad():
            for p, g, v in zip(layers, gradients, momenta, strict=True):
                v.mul_(0.9).add_(g)
                p.sub_(v, alpha=0.3)
    return layers[0].detach(), layers[2].detach()


@part("Linear probe", points=2)
class TestProbe:
    @pytest.mark.parametrize(
        ("n", "width", "classes"), [(40, 5, 3), (90, 12, 4), (25, 30, 3), (60, 3, 2), (50, 1, 5)]
    )
    @pytest.mark.parametrize("l2", [0.003, 0.2])
    def test_no_gradient_is_left(self, kata, rng, device, n, width, classes, l2):
        """At the result no entry of the gradient of the penalised loss exceeds 1e-6."""
        features, targets = probe_problem(rng, n, width, classes, device)
        assert_minimum(kata.linear_probe(features, targets, l2), features, targets, l2, 1e-6)

    @pytest.mark.parametrize("tolerance", [1e-3, 2e-7])
    def test_tolerance(self, kata, rng, device, tolerance):
        """`tolerance` bounds the entries of the gradient, also far below its default."""
        features, targets = probe_problem(rng, 50, 6, 3, device)
        got = kata.linear_probe(features, targets, 0.02, tolerance)
        assert_minimum(got, features, targets, 0.02, tolerance)
        got = kata.linear_probe(features, targets, l2=0.02, tolerance=tolerance)
        assert_minimum(got, features, targets, 0.02, tolerance)

    def test_float32(self, kata, rng, device):
        """From float32 features come float32 weights, at which the gradient is below 1e-5."""
        features, targets = probe_problem(rng, 60, 8, 4, device, torch.float32)
        got = kata.linear_probe(features, targets, 0.01)
        assert_minimum(got, features, targets, 0.01, 1e-5)

    def test_agrees_with_scikit_learn(self, kata, rng, device, logistic_regression):
        """Weights, bias and loss are those of scikit-learn's logistic regression."""
        features, targets = probe_problem(rng, 80, 6, 4, device)
        l2 = 0.05
        model = logistic_regression(C=1 / (l2 * 80), tol=1e-8, max_iter=10_000)
        model.fit(features.cpu().numpy(), targets.cpu().numpy())
        theirs = [torch.tensor(t, device=device) for t in (model.coef_, model.intercept_)]
        got = kata.linear_probe(features, targets, l2, 2e-7)
        assert_minimum(got, features, targets, l2, 2e-7)
        assert_close(centred(*got), centred(*theirs), rtol=1e-4)
        loss, least = (penalised_loss(*p, features, targets, l2).item() for p in (got, theirs))
        assert_close(loss, least, rtol=1e-9)

    def test_the_bias_is_free(self, kata, device):
        """Without anything to see, weights are 0 and the bias tells how frequent classes are."""
        targets = torch.tensor([2, 0, 0, 1, 0, 2, 0, 0], device=device)
        features = torch.zeros(8, 3, dtype=torch.float64, device=device)
        got = kata.linear_probe(features, targets, 0.5)
        assert_minimum(got, features, targets, 0.5, 1e-6)
        assert_close(got[0], features[:3], atol=1e-5)
        shares = torch.tensor([5, 1, 2], dtype=torch.float64, device=device) / 8
        assert_close(got[1].softmax(0), shares, rtol=1e-4)

    def test_separable_classes(self, kata, rng, device):
        """Where classes can be told apart without error the penalty keeps weights finite."""
        targets = labels(rng, 30, 3, device)
        centres = 4 * torch.eye(3, 5, dtype=torch.float64, device=device)
        features = centres[targets] + normal(rng, 30, 5, device=device) / 10
        got = kata.linear_probe(features, targets, 1e-4)
        assert_minimum(got, features, targets, 1e-4, 1e-6)

    def test_scales_far_apart(self, kata, rng, device):
        """Features may be shifted, and differ in scale by a factor of a thousand."""
        features, targets = probe_problem(rng, 70, 6, 3, device)
        scales = torch.logspace(-2.5, 0.5, 6, dtype=torch.float64, device=device)
        features = (features + 2) * scales
        got = kata.linear_probe(features, targets, 1e-3)
        assert_minimum(got, features, targets, 1e-3, 1e-6)

    def test_smallest_problems(self, kata, rng, device):
        """One row, one class, or two equal rows of two classes will do."""
        one = normal(rng, 1, 3, device=device)
        for targets in ([0], [0, 0], [0, 1], [1, 0]):
            targets = torch.tensor(targets, device=device)
            features = one.repeat(len(targets), 1)
            got = kata.linear_probe(features, targets, 0.3)
            assert_minimum(got, features, targets, 0.3, 1e-6)
            assert_close(got[0], torch.zeros_like(got[0]), atol=1e-5)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Features and targets stay as they are; the result needs no gradient."""
        features, targets = probe_problem(rng, 30, 4, 3, device)
        got = kata.run(probe_and_return_arguments, features.T.contiguous().T, targets)
        assert_equal(got, ([False, False], features, targets))

    @bad(l2=[0.0, -0.5, math.nan], tolerance=[0.0, -1e-9, math.nan])
    def test_refuses(self, kata, rng, device, name, value):
        """An argument out of range is a ValueError that holds its name and its value."""
        features, targets = probe_problem(rng, 20, 3, 2, device)
        with refuses(name, value):
            kata.linear_probe(features, targets, **{"l2": 0.1} | {name: value})

    @pytest.mark.parametrize(
        ("absent", "classes"),
        [(7, [0, 1, 2, 3, 4, 5, 6, 8]), (4, [9, 0, 1, 2, 3]), (0, [3, 2, 1])],
    )
    def test_refuses_a_missing_class(self, kata, rng, device, absent, classes):
        """A class that does not occur is a ValueError with `targets` and the lowest such class."""
        features = normal(rng, len(classes), 3, device=device)
        with refuses("targets", absent):
            kata.linear_probe(features, torch.tensor(classes, device=device), 0.1)

    def test_prime_digits(self, kata, rng, device, digits):
        """From ten labels a class, a network's features tell primes from other digits."""
        # Forty random starts gave 0.80 to 0.93.
        pixels, targets = digits
        order = rng.permutation(len(targets))
        half, rest = order[:900], order[900:]
        weight, bias = source_network(pixels[half], targets[half], rng)
        features = torch.relu(torch.tensor(pixels[rest], dtype=torch.float32) @ weight.T + bias)
        features = features.to(device)
        prime = torch.tensor(np.isin(targets[rest], [2, 3, 5, 7]).astype(int), device=device)
        few = torch.cat([(prime == k).nonzero().flatten()[:10] for k in (0, 1)])
        got = kata.linear_probe(features[few], prime[few], 0.01)
        assert_minimum(got, features[few], prime[few], 0.01, 1e-5)
        predicted = (features @ got[0].T + got[1]).argmax(1)
        assert_between((predicted == prime).double().mean().item(), 0.65, 1)


# -- Part 5 -----------------------------------------------------------------------------------


def fill_the_groups(kata, model, lr, decay, weight_decay):
    """Write into the parameters of the groups and look at the model."""
    for group in kata.layer_groups(model, lr, decay, weight_decay):
        for parameter in group["params"]:
            with torch.no_grad():
                parameter.fill_(group["lr"])
    return dict(model.state_dict())


def group_of(model, lr, weight_decay, *names):
    named = dict(model.named_parameters())
    params = [named[name].detach() for name in names]
    return {"names": list(names), "params": params, "lr": lr, "weight_decay": weight_decay}


def three_layers(rng, device, dtype=torch.float64):
    model = chain(
        stem=nn.Conv2d(1, 2, 3),
        act=nn.ReLU(),
        blocks=nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3), nn.Linear(3, 3, bias=False)),
        flat=nn.Flatten(),
        head=nn.Linear(3, 2),
    )
    return filled(model, rng, device, dtype)


@part("Layer-wise rates", points=1)
class TestGroups:
    @DTYPES
    @pytest.mark.parametrize(("lr", "decay", "weight_decay"), [(0.4, 0.5, 0.03), (3, 0.1, 2)])
    def test_by_hand(self, kata, rng, device, dtype, lr, decay, weight_decay):
        """Rates fall towards the input; biases and norms are in groups without weight decay."""
        model = three_layers(rng, device, dtype)
        first, second, third = lr * decay**2, lr * decay, float(lr)
        wd = float(weight_decay)
        norm = ["blocks.0.bias", "blocks.1.weight", "blocks.1.bias"]
        expected = [
            group_of(model, first, wd, "stem.weight"),
            group_of(model, first, 0.0, "stem.bias"),
            group_of(model, second, wd, "blocks.0.weight", "blocks.2.weight"),
            group_of(model, second, 0.0, *norm),
            group_of(model, third, wd, "head.weight"),
            group_of(model, third, 0.0, "head.bias"),
        ]
        assert_close(kata.layer_groups(model, lr, decay, weight_decay), expected)

    def test_without_decay(self, kata, rng, device):
        """With a `decay` of 1 all layers learn alike; rate and weight decay may be 0."""
        model = three_layers(rng, device)
        for lr, weight_decay in ((0.2, 0.0), (0.0, 0.1)):
            groups = kata.layer_groups(model, lr, 1.0, weight_decay)
            assert isinstance(groups, list), "expected a list of groups"
            shape = [lr] * 6, [weight_decay, 0.0] * 3
            assert_close(([g["lr"] for g in groups], [g["weight_decay"] for g in groups]), shape)

    def test_many_layers(self, kata, rng, device):
        """Layers go by place, not by the alphabet: module 10 comes after module 2."""
        model = filled(
            nn.Sequential(*[nn.Linear(2, 2, bias=False) for _ in range(12)]), rng, device
        )
        rates = [0.3 * 0.7 ** (11 - k) for k in range(12)]
        expected = [group_of(model, rates[k], 0.2, f"{k}.weight") for k in range(12)]
        assert_close(kata.layer_groups(model, 0.3, 0.7, 0.2), expected)

    def test_frozen_parameters(self, kata, rng, device):
        """Parameters without a gradient are in no group, but their layers count."""
        model = three_layers(rng, device)
        model.blocks.requires_grad_(False)
        model.stem.bias.requires_grad_(False)
        model.head.weight.requires_grad_(False)
        expected = [
            group_of(model, 0.4 * 0.25, 0.03, "stem.weight"),
            group_of(model, 0.4, 0.0, "head.bias"),
        ]
        assert_close(kata.layer_groups(model, 0.4, 0.5, 0.03), expected)
        model.head.bias.requires_grad_(False)
        assert_close(kata.layer_groups(model, 0.4, 0.5, 0.03), expected[:1])

    def test_parameters_of_the_model_itself(self, kata, rng, device):
        """A parameter of the model itself, in no child, belongs to the first layer."""
        model = chain(stem=nn.Linear(3, 3, bias=False), head=nn.Linear(3, 2))
        model.register_parameter("token", nn.Parameter(torch.zeros(1, 3)))
        model.register_parameter("scale", nn.Parameter(torch.zeros(3)))
        model = filled(model, rng, device)
        expected = [
            group_of(model, 0.08, 0.3, "token", "stem.weight"),
            group_of(model, 0.08, 0.0, "scale"),
            group_of(model, 0.2, 0.3, "head.weight"),
            group_of(model, 0.2, 0.0, "head.bias"),
        ]
        assert_close(kata.layer_groups(model, 0.2, 0.4, 0.3), expected)

    def test_tied_weights(self, kata, rng, device):
        """A parameter of two layers is in one group, that of the first."""
        model = chain(embed=nn.Linear(3, 3), body=nn.Linear(3, 3), head=nn.Linear(3, 3))
        model.head.weight = model.embed.weight
        model = filled(model, rng, device)
        expected = [
            group_of(model, 0.2 * 0.16, 0.3, "embed.weight"),
            group_of(model, 0.2 * 0.16, 0.0, "embed.bias"),
            group_of(model, 0.08, 0.3, "body.weight"),
            group_of(model, 0.08, 0.0, "body.bias"),
            group_of(model, 0.2, 0.0, "head.bias"),
        ]
        assert_close(kata.layer_groups(model, 0.2, 0.4, 0.3), expected)

    def test_few_layers(self, kata, rng, device):
        """A model may be a single layer, or have nothing to train."""
        model = filled(nn.Linear(3, 2), rng, device)
        expected = [group_of(model, 0.2, 0.3, "weight"), group_of(model, 0.2, 0.0, "bias")]
        assert_close(kata.layer_groups(model, 0.2, 0.4, 0.3), expected)
        model = filled(nn.Sequential(nn.ReLU(), nn.Linear(3, 2, bias=False)), rng, device)
        expected = [group_of(model, 0.2, 0.3, "1.weight")]
        assert_close(kata.layer_groups(model, 0.2, 0.4, 0.3), expected)
        assert_equal(kata.layer_groups(nn.Sequential(nn.ReLU()), 0.2, 0.4, 0.3), [])

    def test_parameters_are_those_of_the_model(self, kata, rng, device):
        """An optimiser that gets the groups trains the model itself, not a copy of it."""
        model = three_layers(rng, device)
        rates = {"stem": 0.1, "blocks": 0.2, "head": 0.4}
        expected = {
            name: torch.full_like(t, rates[name.partition(".")[0]])
            for name, t in model.state_dict().items()
        }
        assert_close(kata.run(fill_the_groups, model, 0.4, 0.5, 0.1), expected)

    @bad(lr=[-0.1, math.nan], decay=[0.0, -0.5, 1.01, math.nan], weight_decay=[-0.1, math.nan])
    def test_refuses(self, kata, rng, device, name, value):
        """An argument out of range is a ValueError that holds its name and its value."""
        options = {"lr": 0.1, "decay": 0.5, "weight_decay": 0.2} | {name: value}
        with refuses(name, value):
            kata.layer_groups(three_layers(rng, device), **options)


# -- Part 6 -----------------------------------------------------------------------------------


def pull(kata, weights, start, alpha, beta):
    """The penalty and its gradients, for `weights` and for `start`."""
    for tensor in (*weights.values(), *start.values()):
        tensor.requires_grad_()
    penalty = kata.l2_sp(weights, start, alpha, beta)
    penalty.backward()
    gradients = [{name: t.grad for name, t in named.items()} for named in (weights, start)]
    return penalty, *gradients, weights, start


def two_states(rng, device, dtype=torch.float64):
    """Weights in training, and at the start, where the head had another shape."""
    shapes = {"body.weight": (4, 3), "body.bias": (4,), "scale": (), "head.weight": (2, 4)}
    weights = {n: normal(rng, *s, device=device, dtype=dtype) for n, s in shapes.items()}
    weights["head.bias"] = normal(rng, 2, device=device, dtype=dtype)
    shapes |= {"head.weight": (1, 4), "aux.weight": (2, 2)}
    start = {n: normal(rng, *s, device=device, dtype=dtype) for n, s in shapes.items()}
    return weights, start


@part("Staying near the start", points=1)
class TestStaying:
    @pytest.mark.parametrize(
        ("layers", "epochs", "every"),
        [(3, 5, 1), (4, 11, 3), (5, 2, 1), (1, 3, 2), (6, 1, 4), (2, 9, 2)],
    )
    def test_from_the_head_down(self, kata, layers, epochs, every):
        """Epoch 0 trains the head alone; every `every` epochs one layer more, until all are."""
        table = [[False] * layers for _ in range(epochs)]
        for epoch in range(epochs):
            for layer in range(max(0, layers - 1 - epoch // every), layers):
                table[epoch][layer] = True
        expected = torch.tensor(table)
        assert_equal(kata.unfreeze_schedule(layers, epochs, every), expected)
        assert_equal(kata.unfreeze_schedule(layers=layers, epochs=epochs, every=every), expected)

    def test_a_layer_an_epoch(self, kata):
        """By default one layer joins in every epoch."""
        rows = [[0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 1, 1]]
        assert_equal(kata.unfreeze_schedule(3, 4), torch.tensor(rows, dtype=torch.bool))

    @bad(layers=[0, -2], epochs=[0, -7], every=[0, -3])
    def test_refuses_a_schedule(self, kata, name, value):
        """An argument out of range is a ValueError that holds its name and its value."""
        with refuses(name, value):
            kata.unfreeze_schedule(**{"layers": 4, "epochs": 5, "every": 2} | {name: value})

    @DTYPES
    @pytest.mark.parametrize(("alpha", "beta"), [(0.3, 0.07), (0.02, 5), (0.0, 0.4), (1.7, 0.0)])
    def test_pull(self, kata, rng, device, dtype, alpha, beta):
        """Known weights are pulled to their start, new ones to 0; the start feels nothing."""
        weights, start = two_states(rng, device, dtype)
        old = ["body.weight", "body.bias", "scale"]
        gradients = {
            name: alpha * (w - start[name]) if name in old else beta * w
            for name, w in weights.items()
        }
        value = sum(
            alpha / 2 * (w - start[name]).double().square().sum()
            if name in old
            else beta / 2 * w.double().square().sum()
            for name, w in weights.items()
        )
        nothing = dict.fromkeys(start)
        expected = (value.to(dtype), gradients, nothing, weights, start)
        assert_close(kata.run(pull, weights, start, alpha, beta), expected)

    def test_nothing_new(self, kata, rng, device):
        """Where all weights are known, there is no second sum; at the start the penalty is 0."""
        weights, _ = two_states(rng, device)
        moved = {name: w + 0.5 for name, w in weights.items()}
        entries = sum(w.numel() for w in weights.values())
        zero = torch.zeros((), dtype=torch.float64, device=device)
        assert_close(kata.l2_sp(weights, weights, 0.3, 0.2), zero)
        assert_close(kata.l2_sp(moved, weights, 0.3, 0.2), zero + 0.15 * 0.25 * entries)

    @pytest.mark.parametrize("shape", [(4, 1), (1, 3), (3, 4), (12,)])
    def test_another_shape_is_new(self, kata, rng, device, shape):
        """A weight whose shape has changed is new: nothing broadcasts."""
        weights = {"a": normal(rng, 4, 3, device=device), "b": normal(rng, 2, device=device)}
        start = {"a": normal(rng, *shape, device=device), "b": normal(rng, 2, device=device)}
        expected = 0.15 * (weights["b"] - start["b"]).square().sum()
        expected += 0.35 * weights["a"].square().sum()
        assert_close(kata.l2_sp(weights, start, 0.3, 0.7), expected)

    @bad(alpha=[-0.1, math.nan], beta=[-0.1, math.nan])
    def test_refuses_a_strength(self, kata, rng, device, name, value):
        """A negative strength is a ValueError that holds its name and its value."""
        with refuses(name, value):
            kata.l2_sp(*two_states(rng, device), **{"alpha": 0.1, "beta": 0.2} | {name: value})

    @pytest.mark.parametrize("kind", ["names", "shapes", "empty"])
    def test_refuses_a_foreign_start(self, kata, rng, device, kind):
        """If no weight is known, that is a ValueError with `start` and its first three names."""
        weights, _ = two_states(rng, device)
        start = {
            "names": {f"module.{name}": w for name, w in weights.items()},
            "shapes": {name: w[None] for name, w in weights.items()},
            "empty": {},
        }[kind]
        with refuses("start", list(start)[:3]):
            kata.l2_sp(weights, start, 0.1, 0.2)


# -- Part 7 -----------------------------------------------------------------------------------


def adapt(kata, x, weight, a, b, alpha, bias, slope):
    """The output, and the gradients of its product with `slope`."""
    inputs = [t for t in (x, weight, a, b, bias) if t is not None]
    for tensor in inputs:
        tensor.requires_grad_()
    output = kata.lora_forward(x, weight, a, b, alpha, bias)
    gradients = torch.autograd.grad((output * slope).sum(), inputs, allow_unused=True)
    return output, list(gradients), inputs


def merge_and_overwrite(kata, weight, a, b, alpha):
    kata.lora_merge(weight, a, b, alpha).fill_(7)
    return weight, a, b


def draw_factors(kata, weight, rank, generator):
    """Two draws in a row, and torch's own generator before and after."""
    before = torch.get_rng_state()
    draws = [kata.lora_init(weight, rank, generator) for _ in range(2)]
    return draws, before, torch.get_rng_state(), weight


def factors(rng, outputs, inputs, rank, device, dtype=torch.float64):
    return [normal(rng, *s, device=device, dtype=dtype) for s in ((rank, inputs), (outputs, rank))]


def generator(rng, device):
    return torch.Generator(device).manual_seed(int(rng.integers(2**31)))


LORA = pytest.mark.parametrize(
    ("outputs", "inputs", "rank", "alpha"), [(6, 5, 2, 16), (3, 7, 3, 0.5), (5, 4, 1, 8.0)]
)


@part("Low-rank adaptation", points=1)
class TestLora:
    @LORA
    @DTYPES
    @pytest.mark.parametrize("shape", [(8,), (), (2, 3)], ids=str)
    def test_forward(self, kata, rng, device, dtype, outputs, inputs, rank, alpha, shape):
        """The output is that of `weight + alpha / rank * b @ a`, for inputs of any dimensions."""
        weight = normal(rng, outputs, inputs, device=device, dtype=dtype)
        a, b = factors(rng, outputs, inputs, rank, device, dtype)
        bias = normal(rng, outputs, device=device, dtype=dtype)
        x = normal(rng, *shape, inputs, device=device, dtype=dtype)
        dense = weight.double() + alpha / rank * (b.double() @ a.double())
        expected = x.double() @ dense.T
        assert_close(kata.lora_forward(x, weight, a, b, alpha), expected.to(dtype))
        got = kata.lora_forward(x, weight, a, b, alpha, bias)
        assert_close(got, (expected + bias.double()).to(dtype))

    @LORA
    @pytest.mark.parametrize("with_bias", [True, False])
    def test_gradients(self, kata, rng, device, outputs, inputs, rank, alpha, with_bias):
        """Gradients reach the factors and the inputs; the frozen layer gets none."""
        weight = normal(rng, outputs, inputs, device=device)
        a, b = factors(rng, outputs, inputs, rank, device)
        bias = normal(rng, outputs, device=device) if with_bias else None
        x, slope = (normal(rng, 8, width, device=device) for width in (inputs, outputs))
        output = x @ (weight + alpha / rank * b @ a).T + (0 if bias is None else bias)
        update = alpha / rank * slope.T @ x  # of b @ a
        through = slope @ (weight + alpha / rank * b @ a)
        gradients = [through, None, b.T @ update, update @ a.T]
        arguments = [x, weight, a, b]
        if with_bias:
            gradients.append(None)
            arguments.append(bias)
        got = kata.run(adapt, x, weight, a, b, alpha, bias, slope)
        assert_close(got, (output, gradients, arguments))

    @LORA
    @DTYPES
    def test_merge(self, kata, rng, device, dtype, outputs, inputs, rank, alpha):
        """The merged weight is `weight + alpha / rank * b @ a`; merging by `-alpha` undoes it."""
        weight = normal(rng, outputs, inputs, device=device, dtype=dtype)
        a, b = factors(rng, outputs, inputs, rank, device, dtype)
        dense = (weight.double() + alpha / rank * (b.double() @ a.double())).to(dtype)
        assert_close(kata.lora_merge(weight, a, b, alpha), dense)
        assert_close(
            kata.lora_merge(dense, a, b, -alpha),
            weight,
            atol=1e-12 if a.dtype == torch.float64 else 1e-4,
        )

    def test_merging_changes_nothing(self, kata, rng, device):
        """A merged weight is new, and the weight and the factors stay as they are."""
        weight = normal(rng, 6, 5, device=device)
        a, b = factors(rng, 6, 5, 2, device)
        assert_equal(kata.run(merge_and_overwrite, weight, a, b, 3.0), (weight, a, b))

    @DTYPES
    @pytest.mark.parametrize(("outputs", "inputs", "rank"), [(7, 5, 2), (3, 9, 3), (4, 4, 1)])
    def test_start(self, kata, rng, device, dtype, outputs, inputs, rank):
        """At the start `b` is 0, so that the output is the layer's own."""
        weight = normal(rng, outputs, inputs, device=device, dtype=dtype)
        drawn = kata.lora_init(weight, rank, generator(rng, device))
        assert isinstance(drawn, tuple), "expected a pair: a and b"
        assert len(drawn) == 2, "expected a pair: a and b"
        assert_tensor(drawn[0], shape=(rank, inputs), dtype=dtype, device=device)
        assert_equal(drawn[1], torch.zeros(outputs, rank, dtype=dtype, device=device))
        x = normal(rng, 6, inputs, device=device, dtype=dtype)
        expected = (x.double() @ weight.double().T).to(dtype)
        assert_close(kata.lora_forward(x, weight, *drawn, 16), expected)

    @pytest.mark.parametrize(("outputs", "inputs", "rank"), [(70, 400, 64), (3000, 25, 25)])
    def test_spread(self, kata, rng, device, outputs, inputs, rank):
        """The entries of `a` are normal, of mean 0 and standard deviation `inputs**-0.5`."""
        # Every bound is nine standard errors or more from its mean.
        weight = torch.zeros(outputs, inputs, dtype=torch.float64, device=device)
        a, _ = kata.lora_init(weight, rank, generator(rng, device))
        assert_tensor(a, shape=(rank, inputs), dtype=torch.float64, device=device)
        scaled = a * inputs**0.5
        n = a.numel()
        assert_between(scaled.mean().item(), -9 / n**0.5, 9 / n**0.5)
        assert_between(scaled.square().mean().item(), 1 - 13 / n**0.5, 1 + 13 / n**0.5)
        near = (scaled.abs() < 1).double().mean().item()  # 0.683 if normal, 0.577 if uniform
        assert_between(near, 0.6827 - 4.2 / n**0.5, 0.6827 + 4.2 / n**0.5)

    def test_chance(self, kata, rng, device):
        """`a` comes from the generator alone: the same for the same seed, new for the next call."""
        weight = normal(rng, 6, 5, device=device)
        source = generator(rng, device)
        got = kata.run(draw_factors, weight, 4, source)
        again = kata.run(draw_factors, weight, 4, source)
        assert_equal(again[0], got[0])
        assert_equal(got[2:], (got[1], weight))
        first, second = (a for a, _ in got[0])
        assert_tensor(first, shape=(4, 5), dtype=torch.float64, device=device)
        assert not torch.equal(first, second), "two draws from one generator are equal"

    @pytest.mark.parametrize("shape", [(7, 5), (5, 7)])
    @bad(rank=[0, -1, 6, 7])
    def test_refuses(self, kata, rng, device, name, value, shape):
        """A `rank` outside 1 to the smaller side is a ValueError with its name and its value."""
        with refuses(name, value):
            kata.lora_init(normal(rng, *shape, device=device), value, generator(rng, device))


# -- Part 8 -----------------------------------------------------------------------------------


def pseudo_and_return_the_probabilities(kata, probabilities):
    for tensor in (*kata.pseudo_label(probabilities, 0.4), *kata.pseudo_label(probabilities, 0, 1)):
        tensor.fill_(1)
    return probabilities


def self_train_and_return_arguments(kata, *arguments):
    for tensor in kata.self_train(*arguments):
        tensor.fill_(1)
    return arguments


def choose(probabilities, threshold, per_class=None):
    """Pseudo-labels by a loop over sorted Python lists."""
    table = probabilities.tolist()
    sure = [
        (max(row), i, row.index(max(row))) for i, row in enumerate(table) if max(row) >= threshold
    ]
    taken, chosen = {}, []
    for _, i, label in sorted(sure, key=lambda found: (-found[0], found[1])):
        taken[label] = taken.get(label, 0) + 1
        if per_class is None or taken[label] <= per_class:
            chosen.append((i, label))
    pairs = torch.tensor(sorted(chosen), dtype=torch.int64, device=probabilities.device)
    return tuple(pairs.reshape(-1, 2).T.contiguous())


def distributions(rng, n, classes, device, dtype=torch.float64):
    """Rows of sixteenths, so that probabilities are exact and ties are many."""
    counts = rng.multinomial(16, rng.dirichlet(np.full(classes, 0.7), size=n))
    return torch.tensor(counts.reshape(n, classes) / 16, dtype=dtype, device=device)


def blobs(rng, device, known=12, unknown=40, dtype=torch.float64):
    """Three classes that overlap: features and classes of known rows, features of others."""
    centres = rng.normal(size=(3, 4)) * 1.2
    classes = np.concatenate([np.arange(known) % 3, rng.integers(0, 3, unknown)])
    rows = torch.tensor(centres[classes] + rng.normal(size=(known + unknown, 4)), dtype=dtype)
    targets = torch.tensor(classes[:known], device=device)
    rows = rows.to(device)
    return rows[:known], targets, rows[known:]


def confidences(model, rows):
    return functional.linear(rows, *model).softmax(1)


def assert_round(got, before, problem, l2, threshold, per_class=None):
    """Judge a round by what the model of the round before says, and by the gradient."""
    features, targets, unlabelled = problem
    assert isinstance(got, tuple), "expected weight, bias, rows and labels"
    assert len(got) == 4, "expected weight, bias, rows and labels"
    rows, labels = choose(confidences(before[:2], unlabelled), threshold, per_class)
    assert_equal(got[2:], (rows, labels))
    together = torch.cat([features, unlabelled[rows]]), torch.cat([targets, labels])
    assert_minimum(got[:2], *together, l2, 1e-6 if features.dtype == torch.float64 else 1e-5)


@part("Self-training", points=1)
class TestSelfTraining:
    def test_by_hand(self, kata, device):
        """Rows of at least the threshold are taken, with their most probable classes."""
        rows = [[0.25, 0.75, 0.0], [0.5, 0.25, 0.25], [0.0, 0.125, 0.875], [0.4, 0.35, 0.25]]
        probabilities = torch.tensor(rows, dtype=torch.float64, device=device)
        for threshold, taken, classes in (
            (0.75, [0, 2], [1, 2]),
            (0.5, [0, 1, 2], [1, 0, 2]),
            (0.8, [2], [2]),
            (0.9, [], []),
            (0, [0, 1, 2, 3], [1, 0, 2, 0]),
        ):
            expected = tuple(
                torch.tensor(values, dtype=torch.int64, device=device)
                for values in (taken, classes)
            )
            assert_equal(kata.pseudo_label(probabilities, threshold), expected)

    @DTYPES
    @pytest.mark.parametrize("threshold", [0.0, 0.5, 0.625, 1.0])
    @pytest.mark.parametrize("per_class", [None, 1, 4, 500])
    def test_many_rows(self, kata, rng, device, dtype, threshold, per_class):
        """At most `per_class` rows of each class are taken, the surest, of equals the first."""
        probabilities = distributions(rng, 120, 4, device, dtype)
        expected = choose(probabilities, threshold, per_class)
        assert_equal(kata.pseudo_label(probabilities, threshold, per_class), expected)
        got = kata.pseudo_label(probabilities, threshold=threshold, per_class=per_class)
        assert_equal(got, expected)

    def test_smallest_sizes(self, kata, device):
        """There may be no rows, one row or one class."""
        for shape in ((0, 3), (1, 1), (5, 1), (1, 4)):
            probabilities = torch.full(shape, 1 / shape[1], device=device)
            for per_class in (None, 2):
                expected = choose(probabilities, 0.2, per_class)
                assert_equal(kata.pseudo_label(probabilities, 0.2, per_class), expected)

    def test_leaves_its_arguments_alone(self, kata, rng, device):
        """Nothing that comes in is changed."""
        probabilities = distributions(rng, 20, 3, device)
        got = kata.run(pseudo_and_return_the_probabilities, probabilities)
        assert_equal(got, probabilities)
        for rounds in (0, 2):
            arguments = (*blobs(rng, device), 0.05, 0.6, rounds)
            assert_equal(kata.run(self_train_and_return_arguments, *arguments), arguments)

    @bad(threshold=[-0.01, 1.01, 50, math.nan], per_class=[0, -3])
    def test_refuses(self, kata, rng, device, name, value):
        """An argument out of range is a ValueError that holds its name and its value."""
        with refuses(name, value):
            options = {"threshold": 0.5} | {name: value}
            kata.pseudo_label(distributions(rng, 9, 3, device), **options)

    @pytest.mark.parametrize(
        "row",
        [[3.1, -0.4, 0.7], [0.5, 0.7, -0.2], [0.4, 0.3, 0.29], [0.5, 0.4, 0.11], [math.nan] * 3],
    )
    def test_refuses_logits(self, kata, rng, device, row):
        """A row that is no distribution is a ValueError with `probabilities` and its index."""
        probabilities = distributions(rng, 60, 3, device)
        probabilities[[37, 44]] = torch.tensor(row, dtype=torch.float64, device=device)
        with refuses("probabilities", 37):
            kata.pseudo_label(probabilities, 0.5)

    def test_rounded_distributions(self, kata, device):
        """A sum may be off by 0.0009, as in half precision."""
        table = torch.tensor([[0.6, 0.3991], [0.2, 0.8009]], dtype=torch.float64, device=device)
        assert_equal(kata.pseudo_label(table, 0.7), choose(table, 0.7))

    @pytest.mark.parametrize("l2", [0.02, 0.3])
    def test_no_round(self, kata, rng, device, l2):
        """Without rounds the result is the probe of the known rows, and no pseudo-labels."""
        features, targets, unlabelled = blobs(rng, device)
        got = kata.self_train(features, targets, unlabelled, l2, 0.6, 0)
        assert isinstance(got, tuple), "expected weight, bias, rows and labels"
        nothing = targets[:0]
        assert_equal(got[2:], (nothing, nothing))
        assert_minimum(got[:2], features, targets, l2, 1e-6)

    @DTYPES
    @pytest.mark.parametrize(
        ("l2", "threshold", "per_class"),
        [(0.05, 0.6, None), (0.05, 0.0, None), (0.2, 0.0, 5), (0.02, 0.8, 7)],
    )
    def test_round_by_round(self, kata, rng, device, dtype, l2, threshold, per_class):
        """Each round labels all rows anew by the last probe and fits known and chosen rows."""
        problem = blobs(rng, device, dtype=dtype)
        before = kata.self_train(*problem, l2, threshold, 0, per_class)
        assert isinstance(before, tuple), "expected weight, bias, rows and labels"
        for rounds in (1, 2, 3):
            got = kata.self_train(*problem, l2, threshold, rounds, per_class)
            assert_round(got, before, problem, l2, threshold, per_class)
            before = got

    def test_labels_are_revised(self, kata, device):
        """A row that is no longer sure, or sure of another class, loses its old label."""
        options = {"dtype": torch.float64, "device": device}
        features = torch.tensor([[-1.0, 0.0], [1.0, 0.0]], **options)
        targets = torch.tensor([0, 1], device=device)
        unlabelled = torch.tensor([[0.35, -2.0], [2.0, 2.0], [2.5, 3.0], [-2.0, -3.0]], **options)
        problem = features, targets, unlabelled
        before = kata.self_train(*problem, 0.05, 0.6, 0)
        assert isinstance(before, tuple), "expected weight, bias, rows and labels"
        for rounds in (1, 2, 3):
            got = kata.self_train(*problem, 0.05, 0.6, rounds)
            assert_round(got, before, problem, 0.05, 0.6)
            before = got

    def test_default_rounds(self, kata, device):
        """By default there are ten rounds: labels go along a chain of 14 rows, one at a time."""
        # A row has one feature in common with the row before it, and one with the row after it.
        steps = torch.eye(15, dtype=torch.float64, device=device)
        rows = steps[:-1] + steps[1:]
        features = torch.cat([steps[:1], -steps[:1]])
        problem = features, torch.tensor([0, 1], device=device), torch.cat([rows, -rows])
        got = kata.self_train(*problem, 1e-3, 0.6)
        assert_equal(got, kata.self_train(*problem, 1e-3, 0.6, 10, None))
        before = kata.self_train(*problem, 1e-3, 0.6, 9)
        assert_round(got, before, problem, 1e-3, 0.6)
        assert_equal(len(got[2]), 20)

    def test_nothing_to_label(self, kata, rng, device):
        """Without unlabelled rows, or without sure ones, the probe of the known rows remains."""
        features, targets, unlabelled = blobs(rng, device)
        for rest, threshold in ((unlabelled[:0], 0.5), (unlabelled / 100, 1.0)):
            got = kata.self_train(features, targets, rest, 0.1, threshold, 3)
            assert isinstance(got, tuple), "expected weight, bias, rows and labels"
            assert_equal(got[2:], (targets[:0], targets[:0]))
            assert_minimum(got[:2], features, targets, 0.1, 1e-6)

    @bad(rounds=[-1, -5], l2=[0.0, -2.0], threshold=[-0.25, 1.25], per_class=[0])
    def test_refuses_to_train(self, kata, rng, device, name, value):
        """An argument out of range is a ValueError that holds its name and its value."""
        options = {"l2": 0.1, "threshold": 0.7} | {name: value}
        with refuses(name, value):
            kata.self_train(*blobs(rng, device), **options)

    def test_digits(self, kata, rng, device, digits):
        """From fifty labels, balanced self-training reads 70 % of the other digits."""
        # Ten random choices of the fifty gave 0.84 to 0.92, and 0.83 to 0.89 without any round.
        pixels, targets = digits
        order = rng.permutation(len(targets))[:900]
        x = torch.tensor(pixels[order], dtype=torch.float32, device=device)
        y = torch.tensor(targets[order], device=device)
        known = torch.cat([(y == k).nonzero().flatten()[:5] for k in range(10)])
        unknown = torch.ones_like(y, dtype=torch.bool)
        unknown[known] = False
        got = kata.self_train(x[known], y[known], x[unknown], 0.003, 0.0, 3, 60)
        assert isinstance(got, tuple), "expected weight, bias, rows and labels"
        assert len(got) == 4, "expected weight, bias, rows and labels"
        assert_tensor(got[0], shape=(10, 64), dtype=torch.float32, device=device)
        assert_tensor(got[1], shape=(10,), dtype=torch.float32, device=device)
        predicted = functional.linear(x[unknown], *got[:2]).argmax(1)
        assert_between((predicted == y[unknown]).double().mean().item(), 0.7, 1)
