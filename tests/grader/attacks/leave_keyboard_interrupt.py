"""Interrupt the session as a user would.

Score: 0
"""


def double(x):
    raise KeyboardInterrupt


def halve(x):
    raise type("Quit", (KeyboardInterrupt,), {})("passed")
