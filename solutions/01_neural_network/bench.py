"""The reference against scikit-learn on the same rows, weights, batches and labels."""

import warnings
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.utils import shuffle

from grader.bench import Case

EPOCHS, BATCH, HIDDEN = 30, 64, 128
ROWS, CLASSES = 1_000_000, 10


def cases(solution: ModuleType) -> Iterator[Case]:
    """Training on digits, then metrics over a million rows."""
    yield training(solution)
    rng = np.random.default_rng(0)
    truth = rng.integers(CLASSES, size=ROWS)
    taken = np.where(rng.random(ROWS) < 0.7, truth, rng.integers(CLASSES, size=ROWS))
    labels = torch.from_numpy(truth), torch.from_numpy(taken)
    yield Case(
        work=f"confusion matrix, {ROWS:,} labels, {CLASSES} classes",
        peer="sklearn.metrics.confusion_matrix",
        ours=lambda: solution.confusion_matrix(*labels, CLASSES),
        theirs=lambda: confusion_matrix(truth, taken),
        agree=lambda ours, theirs: np.testing.assert_array_equal(ours.numpy(), theirs),
    )
    yield Case(
        work=f"precision, recall and F1, {ROWS:,} labels, {CLASSES} classes",
        peer="sklearn.metrics.precision_recall_fscore_support",
        ours=lambda: by_class(solution, *labels),
        theirs=lambda: np.stack(precision_recall_fscore_support(truth, taken)[:3]),
        agree=lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=1e-12),
    )
    positive = rng.random(ROWS) < 0.3
    scores = np.round(rng.normal(size=ROWS) + positive, 3)  # some thousand levels: many ties
    pair = torch.from_numpy(positive), torch.from_numpy(scores)
    yield Case(
        work=f"area under the ROC curve, {ROWS:,} scores with ties",
        peer="sklearn.metrics.roc_auc_score",
        ours=lambda: solution.roc_auc(*pair).item(),
        theirs=lambda: roc_auc_score(positive, scores),
        agree=lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=1e-10),
    )


def training(solution: ModuleType) -> Case:
    """Both start from the peer's weights and visit rows in the peer's order."""
    pixels, digits = load_digits(return_X_y=True)
    pixels = (pixels / 16).astype(np.float32)
    x, x_test, y, y_test = train_test_split(
        pixels, digits, test_size=0.2, random_state=0, stratify=digits
    )
    parameters, orders = start_of_peer(x, y)
    inputs, targets, test = torch.tensor(x), torch.tensor(y), torch.tensor(x_test)
    # One row to validate on: the peer validates on none.
    validation = test[:1], torch.tensor(y_test[:1])

    def ours() -> tuple[list[float], float]:
        state = solution.train(
            *(solution.begin(parameters), inputs, targets, validation, orders), batch_size=BATCH
        )
        right = solution.predict(state["parameters"], test).numpy() == y_test
        return state["train_losses"], right.mean()

    def theirs() -> tuple[list[float], float]:
        model = fit(peer(0, EPOCHS), x, y)
        return model.loss_curve_, model.score(x_test, y_test)

    return Case(
        work=f"training 64-{HIDDEN}-10 on {len(x)} digits, {EPOCHS} epochs of Adam, batches of 64",
        peer="sklearn.neural_network.MLPClassifier",
        ours=ours,
        theirs=theirs,
        agree=same_run,
        rounds=9,
    )


def peer(
    random_state: int | np.random.RandomState, epochs: int, **options: object
) -> MLPClassifier:
    """The peer with its penalty off, never stopping early."""
    return MLPClassifier(
        (HIDDEN,),
        alpha=0,
        batch_size=BATCH,
        max_iter=epochs,
        tol=0,
        n_iter_no_change=epochs + 1,
        random_state=random_state,
        **options,
    )


def fit(model: MLPClassifier, x: np.ndarray, y: np.ndarray) -> MLPClassifier:
    """Fit without the warning that all epochs were used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, y)


def start_of_peer(x: np.ndarray, y: np.ndarray) -> tuple[list, torch.Tensor]:
    """The peer's initial weights and the orders in which it will visit the rows.

    It draws both from one stream. A fit that hardly moves and does not shuffle shows the weights
    and leaves the stream where the shuffling will begin.
    """
    stream = np.random.RandomState(0)
    still = fit(peer(stream, 1, learning_rate_init=1e-30, shuffle=False), x, y)
    layers = zip(still.coefs_, still.intercepts_, strict=True)
    parameters = [(torch.tensor(weight), torch.tensor(bias)) for weight, bias in layers]
    order, orders = np.arange(len(x)), []
    for _ in range(EPOCHS):
        order = shuffle(order, random_state=stream)
        orders.append(order)
    return parameters, torch.tensor(np.stack(orders))


def same_run(ours: tuple[list[float], float], theirs: tuple[list[float], float]) -> None:
    """The loss of every epoch agrees to one part in a thousand, the accuracy to one row of 360.

    The peer adds Adam's epsilon before the second moment's bias is corrected, the reference
    after: over 690 steps the losses drift apart by a few parts in ten thousand.
    """
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-3)
    assert abs(ours[1] - theirs[1]) < 1.5 / 360, (ours[1], theirs[1])


def by_class(solution: ModuleType, targets: torch.Tensor, predictions: torch.Tensor) -> np.ndarray:
    """Precision, recall and F1, one row each."""
    table = solution.confusion_matrix(targets, predictions, CLASSES)
    scores = solution.classification_scores(table)
    return np.stack([scores[name].numpy() for name in ("precision", "recall", "f1")])
