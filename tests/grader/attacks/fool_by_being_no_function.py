"""Offer a class, a module and a lambda that takes anything in place of functions.

Score: 0
"""

import sys
import types


class Any(types.ModuleType):
    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self


double = Any("double")
halve = type("halve", (float,), {"__new__": lambda cls, x: float.__new__(cls, 0)})
sys.modules[__name__] = double
