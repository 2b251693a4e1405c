"""Have Python's parser and compiler overflow their stacks.

Score: 6
"""

import ast


def double(x):
    for text in ("(" * 100_000, "-" * 1_000_000 + "1", "a" + ".b" * 200_000):
        try:
            compile(ast.parse(text), "nest", "exec")
        except (SyntaxError, RecursionError, MemoryError):
            pass
    return x


def halve(x):
    return x / 2
