"""Raise what closes generators, and fixtures are generators.

Score: 0
"""

import asyncio


def double(x):
    raise GeneratorExit


def halve(x):
    raise asyncio.CancelledError
