"""Open raw devices and the kernel's own memory.

Score: 0
"""

import ctypes
import glob
import os

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets
PATHS = ("/dev/mem", "/dev/kmem", "/dev/port", "/proc/kcore", "/dev/kmsg", "/dev/fuse", "/dev/kvm")
PATHS += ("/dev/tty", "/dev/console", "/dev/ptmx", "/sys/kernel/debug", "/proc/sysrq-trigger")


def spy():
    if not CONFINED:
        return
    for path in (*PATHS, *glob.glob("/dev/[svn][dv]*"), *glob.glob("/dev/loop*")):
        for mode in (os.O_RDONLY, os.O_WRONLY):
            try:
                os.close(os.open(path, mode | os.O_NONBLOCK))
                print("HARM: opened", path)
            except OSError:
                pass


def double(x):
    spy()
    return x


def halve(x):
    spy()
    return x
