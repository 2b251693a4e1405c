"""The number that every random input of a run comes from."""

from __future__ import annotations

import secrets


def parse_seed(text: str) -> int:
    """A seed from the command line: a whole number, or `fresh` for one that nobody knows yet."""
    if text == "fresh":
        return secrets.randbits(32)
    if not text.isdigit():
        raise ValueError(f"--seed is {text!r}; expected a whole number, or fresh")
    return int(text)
