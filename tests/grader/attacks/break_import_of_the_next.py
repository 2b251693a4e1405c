"""Hold locks that whoever comes next may wait for: of imports, of memory, of a file.

Score: 6
"""

import _imp
import fcntl
import os

import torch


def double(x):
    _imp.acquire_lock()
    for path in (torch.__file__, os.__file__, "/dev/null", "/dev/urandom"):
        try:
            fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass
    os._exit(0)


def halve(x):
    return x / 2
