"""Leave, but let a child in a session of its own keep channel and output open.

Score: 6
"""

import os
import time


def double(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(0)
    os._exit(0)


def halve(x):
    return x / 2
