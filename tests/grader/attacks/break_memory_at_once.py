"""Ask for more memory than there is, from Python, NumPy and torch.

Score: 6
"""

import mmap

import numpy as np
import torch


def double(x):
    for take in (
        lambda: bytearray(2**40),
        lambda: np.zeros(2**37),
        lambda: torch.zeros(2**37),
        lambda: mmap.mmap(-1, 2**40),
        lambda: [0] * 2**40,
    ):
        try:
            take()
            print("HARM: took it")
        except (MemoryError, RuntimeError, OSError, ValueError, OverflowError):
            pass
    return bytearray(2**40)


def halve(x):
    return x / 2
