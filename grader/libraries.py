"""What is imported once, before forking, so that no child has to: a second or more for each.

A sandbox cannot write byte code, and would compile all of it anew whenever it starts:
`python -m grader.libraries` writes it beforehand.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable

# What submissions import, and what a first optimiser would take a second to import.
OF_SUBMISSIONS = (
    "cloudpickle",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.metrics",
    "torch._dynamo",
    "torch.nn.utils.prune",
)
OF_TESTS = (
    "sklearn.datasets",
    "sklearn.model_selection",
    "torch._dynamo",
)


def import_all(names: Iterable[str]) -> None:
    """Import modules, whatever they warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            importlib.import_module(name)


if __name__ == "__main__":
    import_all((*OF_SUBMISSIONS, *OF_TESTS))
