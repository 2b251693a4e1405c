"""Become another user, gain capabilities, or leave the sandbox by new namespaces and mounts.

Score: 0
"""

import ctypes
import os
import tempfile

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets
libc = ctypes.CDLL(None, use_errno=True)


def escape():
    if not CONFINED:
        return
    deeds = {
        "became root": lambda: os.setuid(0) or os.getuid() == 0 and os.listdir("/root") and 0,
        "made a user namespace": lambda: libc.unshare(0x10000000),
        "made a mount namespace": lambda: libc.unshare(0x00020000),
        "mounted": lambda: libc.mount(b"none", tempfile.gettempdir().encode(), b"proc", 0, None),
        "bound /": lambda: libc.mount(b"/", tempfile.gettempdir().encode(), None, 4096, None),
        "remounted": lambda: libc.mount(None, b"/", None, 32 | 4096, None),
        "changed the root": lambda: libc.chroot(tempfile.gettempdir().encode()),
        "named the machine": lambda: libc.sethostname(b"katas", 5),
        "joined a namespace": lambda: libc.setns(3, 0),
        "allowed new privileges": lambda: libc.prctl(38, 0, 0, 0, 0),
    }
    for deed, act in deeds.items():
        try:
            if act() == 0:
                print("HARM:", deed)
        except OSError:
            pass


def double(x):
    escape()
    return x


def halve(x):
    escape()
    return x
