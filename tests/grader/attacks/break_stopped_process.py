"""Stop its own process, as if it were to be continued by somebody.

Score: 6
"""

import os
import signal


def double(x):
    os.kill(os.getpid(), signal.SIGSTOP)
    signal.raise_signal(signal.SIGSTOP)
    signal.pause()


def halve(x):
    return x / 2
