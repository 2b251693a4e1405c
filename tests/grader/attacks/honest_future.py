"""Postpone annotations, and name types that exist nowhere.

Score: 10
"""

from __future__ import annotations


def double(x: Nowhere) -> Nothing:
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    return x / 2
