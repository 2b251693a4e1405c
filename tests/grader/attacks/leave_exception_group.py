"""Hide an outcome of pytest and a request to leave in a group of exceptions.

Score: 0
"""

import pytest


def double(x):
    raise BaseExceptionGroup("both", [pytest.skip.Exception("skip"), SystemExit(0)])


def halve(x):
    raise ExceptionGroup("x", [ValueError("x")])
