"""Trace its parent and read other processes' memory by system calls.

Score: 0
"""

import ctypes
import os
import platform

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets
CALLS = {"x86_64": (101, 310, 438, 434, 312), "aarch64": (117, 270, 438, 434, 272)}
PTRACE, READ_MEMORY, GET_DESCRIPTOR, OPEN_PROCESS, COMPARE = CALLS[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)


def spy():
    if not CONFINED:
        return
    buffer = ctypes.create_string_buffer(64)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 64)
    remote = (ctypes.c_void_p * 2)(id(spy), 64)
    for number in {1, os.getppid(), *range(2, 40)} - {0, os.getpid()}:
        if libc.syscall(PTRACE, 16, number, 0, 0) == 0:
            print("HARM: traces", number)
        if libc.syscall(READ_MEMORY, number, vector, 1, remote, 1, 0) > 0:
            print("HARM: read the memory of", number)
        if libc.syscall(COMPARE, os.getpid(), number, 0, 3, 3) >= 0:
            print("HARM: compared descriptors with", number)
        handle = libc.syscall(OPEN_PROCESS, number, 0)
        if handle >= 0 and libc.syscall(GET_DESCRIPTOR, handle, 0, 0) >= 0:
            print("HARM: took a descriptor of", number)


def double(x):
    spy()
    return x


def halve(x):
    spy()
    return x
