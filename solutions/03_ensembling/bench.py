"""Ensembling against scikit-learn, SciPy and crowd-kit: same members, folds, samples, labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grader.bench import Case, each, load_peer
from grader.compare import assert_close, assert_equal

MEMBERS, ROWS, CLASSES = 25, 200_000, 10


def cases(solution: Any) -> Iterator[Case]:
    """Each peer in turn; all results are compared first."""
    groups = (_votes, _weights, _folds, _stacking, _bagging, _selection, _crowd)
    return each(solution, *groups)


def _probabilities(members: int, rows: int, classes: int) -> tuple[Tensor, Tensor]:
    """Members who know the targets more or less well, and the targets."""
    generator = torch.Generator().manual_seed(0)
    targets = torch.randint(classes, (rows,), generator=generator)
    options = {"generator": generator, "dtype": torch.float64}
    logits = torch.randn(members, rows, classes, **options)
    skill = torch.rand(members, 1, 1, **options)
    truth = torch.nn.functional.one_hot(targets, classes)
    return (logits + 3 * skill * truth).softmax(2), targets


# -- votes ------------------------------------------------------------------------------------


class _Known:
    """A fitted member that only looks up its answers."""

    def __init__(self, labels: np.ndarray) -> None:
        self.labels = labels

    def predict(self, _: object) -> np.ndarray:
        return self.labels


def _votes(s: Any) -> Iterator[Case]:
    ensemble, stats = load_peer("sklearn.ensemble"), load_peer("scipy.stats")
    encoder = load_peer("sklearn.preprocessing").LabelEncoder().fit(np.arange(CLASSES))

    probabilities, _ = _probabilities(MEMBERS, ROWS, CLASSES)
    labels = probabilities.argmax(2)
    weights = torch.linspace(0.5, 1.5, MEMBERS, dtype=torch.float64)
    size = f"{MEMBERS} members, {ROWS:,} rows, {CLASSES} classes"

    voting = ensemble.VotingClassifier([], voting="hard", weights=weights.tolist())
    voting.estimators_ = [_Known(member) for member in labels.numpy()]
    voting.estimators, voting.le_ = [(str(i), m) for i, m in enumerate(voting.estimators_)], encoder

    yield Case(
        f"weighted hard vote, {size}",
        "sklearn VotingClassifier",
        lambda: s.hard_vote(labels, CLASSES, weights),
        lambda: torch.from_numpy(voting.predict(np.empty((ROWS, 1)))),
        assert_equal,
        rounds=3,
    )
    yield Case(
        f"hard vote, {size}",
        "scipy.stats.mode",
        lambda: s.hard_vote(labels, CLASSES),
        lambda: torch.from_numpy(stats.mode(labels.numpy(), axis=0).mode),
        assert_equal,
        rounds=7,
    )
    yield Case(
        f"weighted soft vote, {size}",
        "numpy.average, as in VotingClassifier",
        lambda: s.soft_vote(probabilities, weights),
        lambda: torch.from_numpy(np.average(probabilities.numpy(), 0, weights.numpy())),
        assert_close,
        rounds=7,
    )


def _weights(s: Any) -> Iterator[Case]:
    minimize = load_peer("scipy.optimize").minimize

    members, rows = 50, 2_000
    probabilities, targets = _probabilities(members, rows, CLASSES)
    places = np.arange(rows), targets.numpy()

    def loss(weights: np.ndarray, given: np.ndarray) -> tuple[float, np.ndarray]:
        mixed = np.maximum(weights @ given, 1e-300)
        return -np.log(mixed).mean(), -(given / mixed).mean(1)

    def theirs() -> Tensor:
        simplex = {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like}
        found = minimize(
            loss,
            np.full(members, 1 / members),
            (probabilities.numpy()[:, *places],),
            jac=True,
            bounds=[(0, 1)] * members,
            constraints=simplex,
            method="SLSQP",
            options={"ftol": 1e-12, "maxiter": 1000},
        )
        return torch.from_numpy(found.x)

    def value(weights: Tensor) -> float:
        return float(loss(weights.numpy(), probabilities.numpy()[:, *places])[0])

    yield Case(
        f"best weights, {members} members, {rows:,} rows",
        "scipy.optimize.minimize (SLSQP)",
        lambda: s.best_weights(probabilities, targets),
        theirs,
        lambda a, b: assert_close(value(a), value(b), rtol=1e-7),
    )


# -- folds, stacking, bagging -----------------------------------------------------------------


def _digits() -> tuple[Tensor, Tensor, Tensor]:
    """Pixels and classes to train on, and pixels to predict."""
    load_digits = load_peer("sklearn.datasets").load_digits
    pixels, classes = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(classes))
    x, y = torch.tensor(pixels[order] / 16), torch.tensor(classes[order])
    return x[:1437], y[:1437], x[1437:]


def _as_function(make: Callable[[], Any]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    def fit_predict(x: Tensor, y: Tensor, x_new: Tensor) -> Tensor:
        model = make().fit(x.numpy(), y.numpy())
        return torch.from_numpy(model.predict_proba(x_new.numpy()))

    return fit_predict


def _bayes() -> Any:
    return load_peer("sklearn.naive_bayes").GaussianNB(var_smoothing=1e-2)


def _discriminant() -> Any:
    discriminant = load_peer("sklearn.discriminant_analysis").LinearDiscriminantAnalysis
    return discriminant(solver="lsqr", shrinkage=0.1)


def _folds(s: Any) -> Iterator[Case]:
    selection = load_peer("sklearn.model_selection")

    targets = torch.randint(CLASSES, (ROWS,), generator=torch.Generator().manual_seed(0)).sort()[0]
    folds = 10

    def theirs() -> Tensor:
        splitter = selection.StratifiedKFold(folds, shuffle=True, random_state=0)
        dealt = np.empty(ROWS, dtype=np.int64)
        for number, (_, rows) in enumerate(splitter.split(targets, targets)):
            dealt[rows] = number
        return torch.from_numpy(dealt)

    def shares(dealt: Tensor) -> Tensor:
        cells = torch.bincount(targets * folds + dealt, minlength=folds * CLASSES)
        return cells.view(CLASSES, folds).sort(1)[0]

    yield Case(
        f"{folds} stratified folds of {ROWS:,} rows",
        "sklearn StratifiedKFold",
        lambda: s.stratified_folds(targets, folds, torch.Generator().manual_seed(0)),
        theirs,
        lambda a, b: assert_equal(shares(a), shares(b)),
        rounds=7,
    )

    # Few rows and many folds, so that it is not the training alone that is timed.
    x, y, _ = _digits()
    x, y = x[:400], y[:400]
    dealt = s.stratified_folds(y, 20, torch.Generator().manual_seed(0))
    split = selection.PredefinedSplit(dealt.numpy())
    yield Case(
        "out-of-fold probabilities of naive Bayes, 400 digits, 20 folds",
        "sklearn cross_val_predict",
        lambda: s.out_of_fold(_as_function(_bayes), x, y, dealt),
        lambda: torch.from_numpy(
            selection.cross_val_predict(
                _bayes(), x.numpy(), y.numpy(), cv=split, method="predict_proba"
            )
        ),
        assert_close,
    )


def _stacking(s: Any) -> Iterator[Case]:
    ensemble, selection = load_peer("sklearn.ensemble"), load_peer("sklearn.model_selection")
    regression = load_peer("sklearn.linear_model").LogisticRegression

    make_classification = load_peer("sklearn.datasets").make_classification

    # Three classes: with ten, and as many columns of each member, Newton's matrix is too large.
    classes, rows, l2 = 3, 20_000, 1e-3
    pixels, labels = make_classification(
        rows + 1000, 20, n_informative=6, n_classes=classes, class_sep=0.7, random_state=0
    )
    x, y, x_new = (
        torch.tensor(pixels[:rows]),
        torch.tensor(labels[:rows]),
        torch.tensor(pixels[rows:]),
    )
    dealt = s.stratified_folds(y, 5, torch.Generator().manual_seed(0))
    makers = (_bayes, _discriminant)
    functions = [_as_function(make) for make in makers]
    features = torch.cat([s.out_of_fold(f, x, y, dealt) for f in functions], 1)

    def logistic() -> Any:
        return regression(C=1 / (l2 * len(y)), tol=1e-8, max_iter=10_000)

    def theirs() -> tuple[Tensor, Tensor]:
        found = logistic().fit(features.numpy(), y.numpy())
        return torch.from_numpy(found.coef_), torch.from_numpy(found.intercept_)

    yield Case(
        f"logistic model of {features.shape[1]} features, {rows:,} rows, {classes} classes",
        "sklearn LogisticRegression, to the same precision",
        lambda: s.fit_logistic(features, y, classes, l2),
        theirs,
        lambda a, b: assert_close(a, b, rtol=1e-3),
    )

    def stacked() -> Tensor:
        model = ensemble.StackingClassifier(
            [(make.__name__, make()) for make in makers],
            logistic(),
            cv=selection.PredefinedSplit(dealt.numpy()),
        )
        return torch.from_numpy(model.fit(x.numpy(), y.numpy()).predict_proba(x_new.numpy()))

    yield Case(
        f"naive Bayes and a linear discriminant, stacked, {rows:,} rows, {classes} classes",
        "sklearn StackingClassifier",
        lambda: s.stack(functions, x, y, x_new, dealt, classes, l2),
        stacked,
        lambda a, b: assert_close(a, b, rtol=1e-3),
    )


def _bagging(s: Any) -> Iterator[Case]:
    classifier = load_peer("sklearn.ensemble").BaggingClassifier

    x, y, x_new = _digits()
    rounds = 20

    def fitted() -> Any:
        model = classifier(_discriminant(), rounds, oob_score=True, random_state=0)
        return model.fit(x.numpy(), y.numpy())

    drawn = torch.tensor(np.stack(fitted().estimators_samples_))

    def theirs() -> tuple[Tensor, Tensor]:
        model = fitted()
        found = model.predict_proba(x_new.numpy()), model.oob_decision_function_
        return torch.from_numpy(found[0]), torch.from_numpy(found[1])

    yield Case(
        f"{rounds} bagged linear discriminants and their out-of-bag estimate, 1,437 digits",
        "sklearn BaggingClassifier",
        lambda: s.bag(_as_function(_discriminant), x, y, x_new, drawn),
        theirs,
        lambda a, b: assert_close(a, b, rtol=1e-8),
        rounds=7,
    )


# -- greedy selection, crowds -----------------------------------------------------------------


def _selection(s: Any) -> Iterator[Case]:
    log_loss = load_peer("sklearn.metrics").log_loss

    members, rows, rounds = 20, 2_000, 15
    probabilities, targets = _probabilities(members, rows, CLASSES)
    table, truth = probabilities.numpy(), targets.numpy()

    def theirs() -> Tensor:
        counts, total = np.zeros(members, dtype=np.int64), 0
        for step in range(1, rounds + 1):
            taken = np.argmin([log_loss(truth, (total + p) / step) for p in table])
            counts[taken] += 1
            total = total + table[taken]
        return torch.from_numpy(counts)

    yield Case(
        f"greedy selection, {rounds} of {members} members, {rows:,} rows",
        "a loop over sklearn log_loss",
        lambda: s.greedy_selection(probabilities, targets, rounds),
        theirs,
        assert_equal,
        rounds=5,
    )


def _crowd(s: Any) -> Iterator[Case]:
    dawid_skene = load_peer("crowdkit.aggregation").DawidSkene
    frame = load_peer("pandas").DataFrame

    tasks, people, labels, classes, iterations = 10_000, 50, 10, 5, 20
    rng = np.random.default_rng(0)
    truth = rng.integers(classes, size=tasks)
    who = np.stack([rng.permutation(people)[:labels] for _ in range(tasks)])
    careful = rng.uniform(0.3, 0.95, people)
    right = rng.random((tasks, labels)) < careful[who]
    said = np.where(right, truth[:, None], rng.integers(classes, size=(tasks, labels)))
    rows = np.stack([np.repeat(np.arange(tasks), labels), who.ravel(), said.ravel()], 1)
    annotations = torch.from_numpy(rows)
    data = frame(rows, columns=["task", "worker", "label"])

    def theirs() -> Tensor:
        found = dawid_skene(n_iter=iterations, tol=-1).fit_predict_proba(data)
        return torch.tensor(found.sort_index()[range(classes)].to_numpy())

    yield Case(
        f"{iterations} iterations of Dawid and Skene, {len(rows):,} labels, {people} annotators",
        "crowd-kit DawidSkene",
        lambda: s.dawid_skene(annotations, classes, iterations)["posteriors"],
        theirs,
        lambda a, b: assert_close(a, b, rtol=1e-6),
        rounds=5,
    )
