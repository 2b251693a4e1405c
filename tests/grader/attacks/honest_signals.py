"""Handle signals and use a timer of its own.

Score: 10
"""

import signal

signal.signal(signal.SIGALRM, lambda *args: None)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)


def double(x):
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    return x / 2
