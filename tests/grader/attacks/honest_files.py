"""Keep intermediate results in a temporary file and in a cache of its own.

Score: 10
"""

import functools
import tempfile

import torch


def double(x):
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    with tempfile.TemporaryFile() as stream:
        torch.save(x, stream)
        stream.seek(0)
        return 2 * torch.load(stream, weights_only=True)


@functools.lru_cache
def halve(x):
    return x / 2
