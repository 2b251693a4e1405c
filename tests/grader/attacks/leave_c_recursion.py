"""Recurse in C until the stack is used up.

Score: 6
"""

import sys


class Node:
    def __init__(self, inner):
        self.inner = inner

    def __repr__(self):
        return repr(self.inner)


def double(x):
    sys.setrecursionlimit(2**31 - 1)
    node = None
    for _ in range(1_000_000):
        node = Node(node)
    return repr(node)


def halve(x):
    return x / 2
