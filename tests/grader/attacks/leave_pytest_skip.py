"""Have pytest skip the test, in the functions and for the whole module.

Score: 0
"""

import pytest


def double(x):
    pytest.skip("not here", allow_module_level=True)


def halve(x):
    raise pytest.skip.Exception("nor here")
