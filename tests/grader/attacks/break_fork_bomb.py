"""Fork up to 300 processes that fork in turn.

Score: 6
"""

import ctypes
import os
import time

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets


def double(x):
    started = 0
    for _ in range(300 if CONFINED else 0):
        try:
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
            started += 1
        except OSError:
            break
    if started > 100:
        print("HARM: started", started)
    return x


def halve(x):
    return x / 2
